import { crc32 } from 'node:zlib';
import type { Seal, StoredEvent, StoredSnapshot } from '../../runtime/index.ts';

/**
 * A session as a file of lines: `M` manifest, `P` states of the parent, `B` the seal before a range, `S` snapshots, then `E`
 * rows (`X` those that do not fit a line) with the `L` seal over them after each batch, and `Z` what was written. Every line
 * ends with a checksum of itself, so that damage is named to the line; the seals prove the rows.
 */
export const FORMAT = 'arbitrage-lite session';
export const FORMAT_VERSION = 1;
/** Beyond a snapshot of a thousand coins; what is longer is no line of such a file. */
export const MOST_LINE_BYTES = 64 * 1024 * 1024;

export type LineKind = 'M' | 'P' | 'B' | 'S' | 'E' | 'X' | 'L' | 'Z';

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly exportedAt: string;
  readonly session: {
    readonly id: string;
    readonly status: string;
    readonly parent: string | null;
    readonly parentPosition: number | null;
    readonly configHash: string;
    readonly versions: Readonly<Record<string, string>>;
    readonly lostFrom: number | null;
    readonly lostTo: number | null;
    readonly startedAt: string;
    readonly endedAt: string | null;
  };
  /** The whole effective configuration, secrets masked. */
  readonly config: unknown;
  /** Rows of the positions above `after`, up to `to`; `from` is where the cores can have been asked for. */
  readonly after: number;
  readonly from: number;
  readonly to: number;
  /** From the session's beginning to its end, or to where it stood. */
  readonly whole: boolean;
  readonly head: string;
}

export interface Trailer {
  readonly lines: number;
  readonly events: number;
  readonly seals: number;
  readonly snapshots: number;
  /** Of all lines before this one. */
  readonly sha256: string;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const CHECKSUM_BYTES = 1 + 8;

export function line(kind: LineKind, content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 + content.length + CHECKSUM_BYTES + 1);
  bytes[0] = kind.charCodeAt(0);
  bytes[1] = TAB;
  bytes.set(content, 2);
  const end = 2 + content.length;
  bytes[end] = TAB;
  bytes.write(checksum(bytes.subarray(0, end)), end + 1, 'latin1');
  bytes[bytes.length - 1] = NEWLINE;
  return bytes;
}

export function jsonLine(kind: LineKind, value: Manifest | Trailer | Seal | StoredSnapshot): Buffer {
  return line(kind, Buffer.from(JSON.stringify(value)));
}

export function rowLine(row: StoredEvent): Buffer {
  const { position, storedAt, subject, taken, bytes } = row;
  const fits = !/[\t\n]/.test(subject) && !bytes.includes(NEWLINE);
  if (fits) return line('E', Buffer.concat([Buffer.from(`${position}\t${storedAt}\t${taken ? 1 : 0}\t${subject}\t`), bytes]));
  return line('X', Buffer.from(JSON.stringify({ position, storedAt, taken, subject, base64: Buffer.from(bytes).toString('base64') })));
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/** A line without its newline, read; or what is wrong with it. */
export function readLine(bytes: Buffer): { readonly kind: LineKind; readonly content: Buffer } | string {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 2 || bytes[1] !== TAB || bytes[end] !== TAB) return 'it has not the shape of a line of such a file';
  if (bytes.toString('latin1', end + 1) !== checksum(bytes.subarray(0, end)))
    return 'it is not as it was written: its checksum does not fit';
  const kind = String.fromCharCode(bytes[0] as number);
  if (!/^[MPBSEXLZ]$/.test(kind)) return `it is of a kind that is not known, ${JSON.stringify(kind)}`;
  return { kind: kind as LineKind, content: bytes.subarray(2, end) };
}

/** The object that a line holds; an empty one where it holds none. */
export function objectOf(content: Buffer): object {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const HASH = /^[0-9a-f]{64}$/;

export function isSeal(value: Partial<Seal>): value is Seal {
  const { from, to, market, ledger, head, turns } = value;
  const hashed = [market, ledger, head].every((hash) => typeof hash === 'string' && HASH.test(hash));
  return hashed && Number.isSafeInteger(from) && Number.isSafeInteger(to) && typeof turns === 'string';
}

export function isSnapshot(value: Partial<StoredSnapshot>): value is StoredSnapshot {
  const { session, service, position, version, schema, sha256, body } = value;
  const texts = [session, service, version, sha256, body].every((text) => typeof text === 'string');
  return texts && Number.isSafeInteger(position) && Number.isSafeInteger(schema);
}

export function readRow(kind: 'E' | 'X', content: Buffer): StoredEvent | string {
  if (kind === 'X') {
    const { position, storedAt, taken, subject, base64 } = objectOf(content) as Partial<Omit<StoredEvent, 'bytes'> & { base64: string }>;
    if (!Number.isSafeInteger(position) || !Number.isSafeInteger(storedAt)) return 'its position or time is no whole number';
    if (typeof taken !== 'boolean' || typeof subject !== 'string' || typeof base64 !== 'string') return 'a row has five fields';
    return { position: position as number, storedAt: storedAt as number, subject, taken, bytes: Buffer.from(base64, 'base64') };
  }
  const ends: number[] = [];
  for (let at = -1; ends.length < 4; ends.push(at)) {
    at = content.indexOf(TAB, at + 1);
    if (at < 0) return 'a row has five fields';
  }
  const [first, second, third, fourth] = ends as [number, number, number, number];
  const [position, storedAt] = [Number(content.toString('latin1', 0, first)), Number(content.toString('latin1', first + 1, second))];
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(storedAt)) return 'its position or time is no whole number';
  return {
    position,
    storedAt,
    taken: content.toString('latin1', second + 1, third) === '1',
    subject: content.toString('utf8', third + 1, fourth),
    bytes: content.subarray(fourth + 1),
  };
}
