import { createHash } from 'node:crypto';
import type { JournalRow, Seal } from '../runtime/ports.ts';

/** The chain after some batch: what the next one builds on. All hex. */
export type Chain = Pick<Seal, 'market' | 'ledger' | 'head'>;
export type SealedRow = Pick<JournalRow, 'position' | 'storedAt' | 'taken' | 'malformed' | 'subject' | 'bytes' | 'table'>;

const NOTHING = '0'.repeat(64);
const SCRATCH_BYTES = 1 << 20;
/** Beside subject and payload: position, stored at, two flags, two lengths. */
const ROW_BYTES = 8 + 8 + 1 + 1 + 2 + 4;
const MAX_SUBJECT_BYTES = 0xffff;

/** Reused for every batch: rows are gathered here, so that a batch costs a few calls into the hash instead of one a field. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

export function startChain(): Chain {
  return { market: NOTHING, ledger: NOTHING, head: NOTHING };
}

/**
 * Hashes one batch onto the chain. Per table: previous hash, then of each row position and stream time (int64, big
 * endian), taken, malformed (a byte each), subject (length uint16), payload (length uint32). The head covers both
 * tables and the range, so that no batch can be left out, moved or cut.
 */
export function sealBatch(previous: Chain, rows: readonly SealedRow[], from: number, to: number): Chain {
  const market = sealTable(previous.market, rows, 'market');
  const ledger = sealTable(previous.ledger, rows, 'ledger');
  let at = scratch.write(previous.head, 0, 'hex');
  at = writeInt64(scratch, from, at);
  at = writeInt64(scratch, to, at);
  at += scratch.write(market, at, 'hex');
  at += scratch.write(ledger, at, 'hex');
  return { market, ledger, head: createHash('sha256').update(scratch.subarray(0, at)).digest('hex') };
}

function sealTable(previous: string, rows: readonly SealedRow[], table: 'market' | 'ledger'): string {
  const hash = createHash('sha256');
  let at = scratch.write(previous, 0, 'hex');
  if (at !== 32) throw new RangeError(`A chain's hash is 64 hex digits; found ${JSON.stringify(previous)}`);
  let some = false;
  for (const row of rows) {
    if (row.table !== table) continue;
    some = true;
    const subjectBytes = Buffer.byteLength(row.subject);
    if (subjectBytes > MAX_SUBJECT_BYTES)
      throw new RangeError(`Position ${row.position}: a subject of ${subjectBytes} bytes cannot be sealed`);
    if (at + ROW_BYTES + subjectBytes + row.bytes.length > SCRATCH_BYTES) {
      hash.update(scratch.subarray(0, at));
      at = 0;
    }
    at = writeInt64(scratch, row.position, at);
    at = writeInt64(scratch, row.storedAt, at);
    scratch[at++] = row.taken ? 1 : 0;
    scratch[at++] = row.malformed ? 1 : 0;
    at = scratch.writeUInt16BE(subjectBytes, at);
    at += scratch.write(row.subject, at);
    at = scratch.writeUInt32BE(row.bytes.length, at);
    if (at + row.bytes.length > SCRATCH_BYTES) {
      hash.update(scratch.subarray(0, at)).update(row.bytes);
      at = 0;
    } else {
      scratch.set(row.bytes, at);
      at += row.bytes.length;
    }
  }
  return some ? hash.update(scratch.subarray(0, at)).digest('hex') : previous;
}

/** Two 32-bit halves: a BigInt for each number would cost more than the hash. */
function writeInt64(into: Buffer, value: number, at: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`Expected a whole number below 2^53, found ${value}`);
  const high = Math.floor(value / 0x1_0000_0000);
  into.writeInt32BE(high, at);
  return into.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}
