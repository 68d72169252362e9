import type { Micros } from '../adapter.ts';

/** One thing that a recorder saw. Without a time of its own it happened right after the one before. */
export type Recorded =
  | { readonly kind: 'connect'; readonly at: Micros | null; readonly connection: string }
  | { readonly kind: 'frame'; readonly at: Micros | null; readonly bytes: Uint8Array }
  | { readonly kind: 'answer'; readonly at: Micros | null; readonly url: string | null; readonly body: Uint8Array };

export interface RecordedFile {
  readonly entries: readonly Recorded[];
  /** Its lines stand grouped by connection: their times say the order. */
  readonly timed: boolean;
  /** Lines that are of none of the known kinds. */
  readonly unreadable: number;
}

const STAMPED = /^(\d{16,19}) (?=[[{])/;
const TYPED = '{"t":"';
const NAMED = /^\{"exchange": ?"([a-z0-9]+)", ?"message": ?/;
const SNAPSHOT = '{"lastUpdateId"';

/**
 * Three ways to write down what an exchange sent: a typed JSON line each for what was sent, received and asked;
 * `<local ns> <message>`; and bare messages, perhaps with the exchange's name around them.
 */
export function readLines(text: string, venue: string): RecordedFile {
  const entries: Recorded[] = [];
  let typed = 0;
  let unreadable = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    if (line.startsWith(TYPED)) {
      const entry = typedLine(line);
      if (entry === undefined) unreadable++;
      else if (entry !== null) {
        entries.push(entry);
        typed++;
      }
      continue;
    }
    const stamp = STAMPED.exec(line);
    const named = NAMED.exec(line);
    if (stamp !== null) entries.push(messageAt(line.slice(stamp[0].length), Math.floor(Number(stamp[1]) / 1_000)));
    else if (named === null) entries.push(messageAt(line, null));
    else if (named[1] === venue) entries.push(messageAt(line.slice(named[0].length, line.lastIndexOf('}')), null));
  }
  return { entries, timed: typed > 0, unreadable };
}

/** A snapshot that stands among the messages of a stream was asked for over REST. */
function messageAt(message: string, at: Micros | null): Recorded {
  const bytes = Buffer.from(message);
  return message.startsWith(SNAPSHOT) ? { kind: 'answer', at, url: null, body: bytes } : { kind: 'frame', at, bytes };
}

/** Null for what says nothing about the market, undefined for what cannot be read. */
function typedLine(line: string): Recorded | null | undefined {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined; // counted, and told with the recording
  }
  const { t, ts, conn, data, b64, url } = entry;
  if (t === 'header' || t === 'send') return null;
  const at = typeof ts === 'number' ? Math.round(ts * 1e6) : null;
  if (t === 'connect') return { kind: 'connect', at, connection: String(conn) };
  if (t === 'recv' && typeof b64 === 'string') return { kind: 'frame', at, bytes: Buffer.from(b64, 'base64') };
  if (t === 'recv' && typeof data === 'string') return { kind: 'frame', at, bytes: Buffer.from(data) };
  if (t === 'http' && typeof data === 'string' && typeof url === 'string') return { kind: 'answer', at, url, body: Buffer.from(data) };
  return undefined;
}
