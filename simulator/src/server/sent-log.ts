import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A book as it really was when someone could first see it, for whoever asks later whether it arrived. */
export interface SentBook {
  readonly t: 'book';
  readonly venue: string;
  readonly symbol: string;
  /** The venue's own number where it has one (Binance's last update id), else the count of this pair's books. */
  readonly sequence: number;
  /** µs, as the venue says it: of the book's last change. */
  readonly at: number;
  /** First 16 hex digits of the SHA-256 over the JSON of bids and asks, of as many levels a side as a book shows. */
  readonly hash: string;
}

/** A socket that was opened or is over. */
export interface SocketLine {
  readonly t: 'socket';
  readonly at: number;
  readonly venue: string;
  readonly id: number;
  readonly state: 'open' | 'closed';
  readonly why: string;
}

/** A fault that began or is over. */
export interface FaultLine {
  readonly t: 'fault';
  readonly at: number;
  readonly state: 'began' | 'ended';
  readonly fault: Readonly<Record<string, unknown>>;
}

/** A message that did not go out as it should have. */
export interface SpoiltLine {
  readonly t: 'spoilt';
  readonly at: number;
  readonly socket: number;
  readonly venue: string;
  readonly symbol: string | null;
  readonly what: string;
  readonly how: string;
}

/** Nothing is written down any more. */
export interface FullLine {
  readonly t: 'full';
  readonly at: number;
  readonly bytes: number;
}

export type LogLine = SentBook | SocketLine | FaultLine | SpoiltLine | FullLine;

export interface SentLog {
  book(venue: string, symbol: string, sequence: number, at: number, text: string): void;
  add(line: Exclude<LogLine, SentBook | FullLine>): void;
  close(): void;
}

const FLUSH_MS = 100;
/** More than a day of the default rate. */
const MOST_BYTES = 8 * 1024 ** 3;

function hashOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 16);
}

/** The same hash from a book as numbers, wherever it has got to. */
export function hashOfBook(bids: unknown, asks: unknown): string {
  return hashOf(JSON.stringify(bids) + JSON.stringify(asks));
}

/**
 * Appends; what was added is in the file 100 ms later at the latest. A disk that does not take it ends the process: a
 * log with holes proves nothing. At `mostBytes` it says that it is full and takes no more.
 */
export function openSentLog(path: string, mostBytes = MOST_BYTES): SentLog {
  const file = openSync(path, 'a');
  let room = mostBytes - fstatSync(file).size;
  let waiting = '';
  const flush = (): void => {
    if (waiting === '') return;
    const bytes = Buffer.from(waiting);
    waiting = '';
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  };
  const write = (line: string): void => {
    if (room <= 0) return;
    room -= line.length;
    waiting += line;
    if (room <= 0) waiting += `${JSON.stringify({ t: 'full', at: Date.now() * 1_000, bytes: mostBytes } satisfies FullLine)}\n`;
  };
  const timer = setInterval(flush, FLUSH_MS);
  return {
    book(venue, symbol, sequence, at, text) {
      write(`{"t":"book","venue":"${venue}","symbol":"${symbol}","sequence":${sequence},"at":${at},"hash":"${hashOf(text)}"}\n`);
    },
    add: (line) => write(`${JSON.stringify(line)}\n`),
    close() {
      clearInterval(timer);
      flush();
      closeSync(file);
    },
  };
}

/** All that the log says, in its order. A last line without its end was cut off by a crash and is left out. */
export function readLog(path: string): LogLine[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as LogLine;
    } catch (cause) {
      throw new Error(`${path}:${i + 1}: expected a line of JSON, found ${JSON.stringify(line.slice(0, 80))}: the log is damaged`, {
        cause,
      });
    }
  });
}

/** The books alone. */
export function readSentLog(path: string): SentBook[] {
  return readLog(path).filter((line) => line.t === 'book');
}
