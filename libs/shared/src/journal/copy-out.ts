import type { Connection, Submittable } from 'pg';
import type { StoredEvent } from '../runtime/ports.ts';
import { POSTGRES_EPOCH_MICROS } from './copy-rows.ts';
import { JournalError } from './errors.ts';

const SIGNATURE_BYTES = 19;
/** Payloads are copied into slabs of this size: one allocation for many rows, and little kept alive by a row that is kept. */
const SLAB_BYTES = 256 * 1024;

/**
 * A query whose last statement is COPY (SELECT position, stored_at, subject, body, raw, taken …) TO STDOUT (FORMAT
 * binary). The server sends each row as one message; it is decoded straight from the socket's buffer, payloads as bytes.
 */
export class CopyOut implements Submittable {
  readonly done: Promise<readonly StoredEvent[]>;
  readonly #sql: string;
  readonly #rows: StoredEvent[] = [];
  #started = false;
  #fault: Error | null = null;
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;
  #resolve!: (rows: readonly StoredEvent[]) => void;
  #reject!: (error: Error) => void;

  constructor(sql: string) {
    this.#sql = sql;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleCopyData(message: { readonly chunk: Buffer }): void {
    if (this.#fault !== null) return;
    try {
      this.#decode(message.chunk);
    } catch (error) {
      // Thrown from here it would end the driver's read loop.
      this.#fault = error as Error;
    }
  }
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleError(error: Error): void {
    this.#reject(error);
  }
  handleReadyForQuery(): void {
    if (this.#fault === null) this.#resolve(this.#rows);
    else this.#reject(this.#fault);
  }

  #decode(chunk: Buffer): void {
    let at = 0;
    if (!this.#started) {
      this.#started = true;
      at = SIGNATURE_BYTES;
      if (at === chunk.length) return;
    }
    const fields = chunk.readInt16BE(at);
    if (fields === -1) return;
    if (fields !== 6) throw new JournalError(`Postgres sent a row of ${fields} fields where 6 were asked for.`);
    const position = readInt64(chunk, at + 6);
    const storedAt = readInt64(chunk, at + 18) + POSTGRES_EPOCH_MICROS;
    at += 26;
    const subjectEnd = at + 4 + chunk.readInt32BE(at);
    const subject = chunk.toString('utf8', at + 4, subjectEnd);
    at = subjectEnd;
    let length = chunk.readInt32BE(at);
    at += 4;
    let bytes: Buffer;
    if (length >= 0) {
      bytes = this.#keep(chunk, at, length);
      at += length + 4;
    } else {
      length = chunk.readInt32BE(at);
      if (length < 0) throw new JournalError(`Position ${position} has neither body nor raw: the journal's row was changed.`);
      at += 4;
      bytes = this.#keep(chunk, at, length);
      at += length;
    }
    const taken = chunk[at + 4] === 1;
    if (at + 5 !== chunk.length)
      throw new JournalError(`Position ${position}: the row's message has ${chunk.length} bytes, expected ${at + 5}.`);
    this.#rows.push({ position, storedAt, subject, bytes, taken });
  }

  /** The chunk is a view of the driver's buffer, which is written over. */
  #keep(chunk: Buffer, from: number, length: number): Buffer {
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += chunk.copy(this.#slab, start, from, from + length);
    return this.#slab.subarray(start, this.#used);
  }
}

function readInt64(chunk: Buffer, at: number): number {
  return chunk.readInt32BE(at) * 0x1_0000_0000 + chunk.readUInt32BE(at + 4);
}
