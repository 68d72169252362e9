import type { JournalRow } from '../runtime/ports.ts';
import { JournalError } from './errors.ts';

/** Columns in the order in which `encodeRows` writes them. */
export const COPY_COLUMNS = 'session_number, position, stored_at, subject, source, n, type, v, at, cause, body, raw, taken';
const FIELDS = 13;
/** Bytes of a row beside its texts and payload: field count, 13 lengths, the fixed-width values. */
const ROW_BYTES = 2 + FIELDS * 4 + 4 + 8 + 8 + 8 + 4 + 8 + 1;
/** The server starts on a frame when all of it is there: small frames keep it busy while the rest is on its way. */
const FRAME_BYTES = 64 * 1024;
/** 2000-01-01, from which Postgres counts, in µs since 1970. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000;

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;

/** Enough for `encodeRows` of these rows of one table. */
export function copySize(rows: readonly JournalRow[], table: JournalRow['table']): number {
  let size = 0;
  for (const row of rows) {
    if (row.table !== table) continue;
    const texts = row.subject.length + (row.source?.length ?? 0) + (row.type?.length ?? 0) + (row.cause?.length ?? 0);
    size += ROW_BYTES + texts * 3 + row.bytes.length;
  }
  if (size === 0) return 0;
  return size + HEADER.length + 5 * (2 + Math.ceil(size / FRAME_BYTES)) + 2 + 5;
}

/**
 * The rows of one table in Postgres' binary COPY format, already framed as the protocol's messages up to CopyDone: it
 * goes to the socket in one write. Returns how many bytes of `into` it took.
 */
export function encodeRows(into: Buffer, sessionNumber: number, rows: readonly JournalRow[], table: JournalRow['table']): number {
  let frame = 0;
  let at = 5;
  at += HEADER.copy(into, at);
  for (const row of rows) {
    if (row.table !== table) continue;
    if (at - frame > FRAME_BYTES) {
      endFrame(into, frame, at);
      frame = at;
      at += 5;
    }
    at = encodeRow(into, at, sessionNumber, row);
  }
  at = into.writeInt16BE(-1, at);
  endFrame(into, frame, at);
  into[at++] = COPY_DONE;
  return into.writeInt32BE(4, at);
}

function endFrame(into: Buffer, frame: number, end: number): void {
  into[frame] = COPY_DATA;
  into.writeInt32BE(end - frame - 1, frame + 1);
}

function encodeRow(into: Buffer, start: number, sessionNumber: number, row: JournalRow): number {
  let at = into.writeInt16BE(FIELDS, start);
  at = int4(into, at, sessionNumber);
  at = int8(into, at, row.position, row);
  at = int8(into, at, row.storedAt - POSTGRES_EPOCH_MICROS, row);
  at = text(into, at, row.subject, row);
  at = row.source === null ? nothing(into, at) : text(into, at, row.source, row);
  at = row.n === null ? nothing(into, at) : int8(into, at, row.n, row);
  at = row.type === null ? nothing(into, at) : text(into, at, row.type, row);
  at = row.v === null ? nothing(into, at) : int4(into, at, row.v);
  at = row.at === null ? nothing(into, at) : int8(into, at, row.at, row);
  at = row.cause === null ? nothing(into, at) : text(into, at, row.cause, row);
  if (row.malformed) at = nothing(into, at);
  at = into.writeInt32BE(row.bytes.length, at);
  into.set(row.bytes, at);
  at += row.bytes.length;
  if (!row.malformed) at = nothing(into, at);
  at = into.writeInt32BE(1, at);
  into[at] = row.taken ? 1 : 0;
  return at + 1;
}

function nothing(into: Buffer, at: number): number {
  return into.writeInt32BE(-1, at);
}

function int4(into: Buffer, at: number, value: number): number {
  into.writeInt32BE(4, at);
  return into.writeInt32BE(value, at + 4);
}

function int8(into: Buffer, at: number, value: number, row: JournalRow): number {
  if (!Number.isSafeInteger(value)) throw new JournalError(`Position ${row.position}: ${value} is no whole number below 2^53.`);
  into.writeInt32BE(8, at);
  const high = Math.floor(value / 0x1_0000_0000);
  into.writeInt32BE(high, at + 4);
  return into.writeUInt32BE(value - high * 0x1_0000_0000, at + 8);
}

/** Nearly always short and ASCII: a plain loop is faster than a call out of JavaScript. */
function text(into: Buffer, at: number, value: string, row: JournalRow): number {
  let end = at + 4;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit === 0)
      throw new JournalError(
        `Position ${row.position}: ${JSON.stringify(value)} holds U+0000, which a text column cannot keep; its writer must be stopped.`,
      );
    if (unit > 0x7f) {
      end = at + 4 + into.write(value, at + 4);
      if (value.includes('\0'))
        throw new JournalError(
          `Position ${row.position}: ${JSON.stringify(value)} holds U+0000, which a text column cannot keep; its writer must be stopped.`,
        );
      break;
    }
    into[end++] = unit;
  }
  into.writeInt32BE(end - at - 4, at);
  return end;
}
