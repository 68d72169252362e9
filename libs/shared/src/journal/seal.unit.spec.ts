import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { sampleRow, sampleRows } from './sample-rows.ts';
import { sealBatch, startChain } from './seal.ts';

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

describe('seal', () => {
  it('hashes the previous hash and then every field of every row, in order', () => {
    const rows = sampleRows(8, 9, { subject: 'book.upbit.김치' });
    const hash = createHash('sha256').update(Buffer.alloc(32));
    for (const row of rows) {
      const subject = Buffer.from(row.subject);
      const lengths = Buffer.alloc(6);
      lengths.writeUInt16BE(subject.length, 0);
      lengths.writeUInt32BE(row.bytes.length, 2);
      hash
        .update(int64(row.position))
        .update(int64(row.storedAt))
        .update(Buffer.from([1, 0]));
      hash.update(lengths.subarray(0, 2)).update(subject).update(lengths.subarray(2)).update(row.bytes);
    }
    const market = hash.digest('hex');
    const sealed = sealBatch(startChain(), rows, 8, 9);
    expect(sealed.market).toBe(market);
    const head = createHash('sha256')
      .update(Buffer.alloc(32))
      .update(int64(8))
      .update(int64(9))
      .update(Buffer.from(market, 'hex'))
      .update(Buffer.alloc(32));
    expect(sealed.head).toBe(head.digest('hex'));
  });

  it('leaves the hash of a table without a row as it was', () => {
    const first = sealBatch(startChain(), sampleRows(1, 10), 1, 10);
    const second = sealBatch(first, sampleRows(11, 19), 11, 19);
    expect(second.ledger).toBe(first.ledger);
    expect(second.market).not.toBe(first.market);
    expect(second.head).not.toBe(first.head);
  });

  it.each([
    ['position', { position: 6 }],
    ['stream time', { storedAt: 1 }],
    ['subject', { subject: 'book.upbit.BTC-KRX' }],
    ['taken', { taken: false }],
    ['malformed', { malformed: true }],
    ['payload', { bytes: Buffer.from('{}') }],
    ['table', { table: 'ledger' as const }],
  ])('changes with the %s of one row', (_, change) => {
    const seal = (row: ReturnType<typeof sampleRow>) => sealBatch(startChain(), [row], 5, 5).head;
    expect(seal(sampleRow(5, change))).not.toBe(seal(sampleRow(5)));
  });

  it('gives the same hash however much a batch holds', () => {
    const big = Buffer.alloc(3 << 20, 7);
    const rows = [sampleRow(1, { bytes: big }), sampleRow(2, { bytes: big.subarray(0, (1 << 20) - 40) }), ...sampleRows(3, 9)];
    const hash = createHash('sha256').update(Buffer.alloc(32));
    for (const row of rows) {
      const lengths = Buffer.alloc(6);
      lengths.writeUInt16BE(row.subject.length, 0);
      lengths.writeUInt32BE(row.bytes.length, 2);
      hash
        .update(int64(row.position))
        .update(int64(row.storedAt))
        .update(Buffer.from([1, 0]));
      hash.update(lengths.subarray(0, 2)).update(row.subject).update(lengths.subarray(2)).update(row.bytes);
    }
    expect(sealBatch(startChain(), rows, 1, 9).market).toBe(hash.digest('hex'));
  });

  it('refuses a hash that is none', () => {
    expect(() => sealBatch({ ...startChain(), market: 'abc' }, sampleRows(1, 1), 1, 1)).toThrow('64 hex digits');
  });
});
