import { hash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { BookText } from '../market/index.ts';

/** One book that went out, for whoever asks later whether it arrived. */
export interface SentBook {
  readonly venue: string;
  readonly symbol: string;
  /** Of the simulator's process: sequences begin anew with it. */
  readonly epoch: number;
  readonly sequence: number;
  /** µs: `exchangeAt` of the book. */
  readonly at: number;
  /** First 16 hex digits of the SHA-256 over the JSON of bids and asks. */
  readonly hash: string;
}

export interface SentLog {
  add(book: Omit<SentBook, 'hash'>, text: BookText): void;
  close(): void;
}

const FLUSH_MS = 100;

function hashOf(bids: string, asks: string): string {
  return hash('sha256', bids + asks, 'hex').slice(0, 16);
}

/** The same hash from a book as numbers, wherever it has got to. */
export function hashOfBook(bids: unknown, asks: unknown): string {
  return hashOf(JSON.stringify(bids), JSON.stringify(asks));
}

/** Appends; what was added is in the file 100 ms later at the latest. A disk that does not take it ends the process: a log with holes proves nothing. */
export function openSentLog(path: string): SentLog {
  const file = openSync(path, 'a');
  let waiting = '';
  const flush = (): void => {
    if (waiting === '') return;
    const bytes = Buffer.from(waiting);
    waiting = '';
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  };
  const timer = setInterval(flush, FLUSH_MS);
  return {
    add({ venue, symbol, epoch, sequence, at }, { bids, asks }) {
      waiting += `{"venue":"${venue}","symbol":"${symbol}","epoch":${epoch},"sequence":${sequence},"at":${at},"hash":"${hashOf(bids, asks)}"}\n`;
    },
    close() {
      clearInterval(timer);
      flush();
      closeSync(file);
    },
  };
}

/** All books of the log, in the order in which they were sent. A last line without its end was cut off by a crash and is left out. */
export function readSentLog(path: string): SentBook[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as SentBook;
    } catch (cause) {
      throw new Error(`${path}:${i + 1}: expected one sent book as JSON, found ${JSON.stringify(line.slice(0, 80))}: the log is damaged`, {
        cause,
      });
    }
  });
}
