import type { JournalRow, NewSession, Seal } from '../runtime/ports.ts';
import { type Chain, sealBatch } from './seal.ts';

/** For tests: a row as the journal writes it, every tenth of the ledger. */
export function sampleRow(position: number, change: Partial<JournalRow> = {}): JournalRow {
  const ledger = position % 10 === 0;
  const type = ledger ? 'decision' : 'book';
  const subject = ledger ? 'decision.BTC' : 'book.upbit.BTC-KRW';
  const at = 1_700_000_000_000_000 + position;
  return {
    position,
    storedAt: at + 7,
    subject,
    source: ledger ? 'strategy' : 'market-data/abcdefgh',
    n: position,
    type,
    v: 1,
    at,
    cause: ledger ? String(position - 1) : null,
    bytes: Buffer.from(`{"n":${position},"type":"${type}","data":{"price":0.1,"size":1e-7,"z":1,"a":"김치"}}`),
    taken: true,
    malformed: false,
    table: ledger ? 'ledger' : 'market',
    ...change,
  };
}

export function sampleRows(from: number, to: number, change: Partial<JournalRow> = {}): JournalRow[] {
  return Array.from({ length: to - from + 1 }, (_, i) => sampleRow(from + i, change));
}

export function sampleSeal(previous: Chain, rows: readonly JournalRow[]): Seal {
  const from = rows[0]?.position ?? 0;
  const to = rows.at(-1)?.position ?? 0;
  return { from, to, ...sealBatch(previous, rows, from, to), turns: `{"after":${to}}` };
}

export function sampleSession(id: string): NewSession {
  return {
    id,
    parent: null,
    parentPosition: null,
    configHash: 'c0ffee',
    config: '{"coins":["BTC"]}',
    versions: { strategy: '1', risk: '2' },
    startedAt: 1_700_000_000_123_456,
  };
}
