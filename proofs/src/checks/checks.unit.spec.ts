import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOfBook } from '@arb/simulator';
import { describe, expect, it } from '@jest/globals';
import { openFindings } from '../findings.ts';
import type { Seen, Viewer } from '../stack/viewer.ts';
import type { JournalFacts, SessionFacts } from './journal.ts';
import { claimCommittedKept, claimSeenKept } from './kept.ts';
import { claimSentKept } from './sent.ts';

/** A journal that answers each query with the rows given for a word in it: what a real one would say, had it lost something. */
function journalOf(answers: Readonly<Record<string, readonly unknown[]>>, sessions: readonly Partial<SessionFacts>[] = []): JournalFacts {
  return {
    url: '',
    rows: async (text) => (Object.entries(answers).find(([word]) => text.includes(word))?.[1] ?? []) as never,
    sessions: async () => sessions as SessionFacts[],
    close: async () => {},
  };
}

function viewerOf(seen: readonly Seen[], committed: Viewer['committed'] = [], contradictions: readonly string[] = []): Viewer {
  return { committed, seen: () => seen.values(), contradictions, count: () => 0, onNext: () => {}, close: async () => {} };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const fill: Seen = { session: 's', source: 'executor', n: 7, type: 'fill', subject: 'fill.upbit.BTC-KRW', sha256: sha256('a'), at: 0 };
const live = [{ id: 's', status: 'live', end: null, lostFrom: null }];

async function holds(check: (findings: ReturnType<typeof openFindings>) => Promise<void>): Promise<boolean> {
  const findings = openFindings(() => {});
  await check(findings);
  return findings.result().ok;
}

describe('what a listener saw', () => {
  const recorded = { session: 's', source: 'executor', root: 'fill', n: 7, sha256: fill.sha256 };
  const check = (rows: readonly unknown[], sessions = live, viewer = viewerOf([fill])) =>
    holds((findings) => claimSeenKept(journalOf({ 'FROM events': rows }, sessions), viewer, findings));

  it('holds when the journal has it byte for byte', async () => expect(await check([recorded])).toBe(true));
  it('does not hold when a fill is missing', async () => expect(await check([{ ...recorded, n: 8 }])).toBe(false));
  it('does not hold when a fill has other bytes', async () => expect(await check([{ ...recorded, sha256: sha256('b') }])).toBe(false));
  it('does not hold when a turn was seen with two contents', async () =>
    expect(await check([recorded], live, viewerOf([fill], [], ['fill 7']))).toBe(false));
  it('excuses what came after the journaled end of a lost stream', async () =>
    expect(await check([recorded], [{ ...live[0], status: 'lost' } as never], viewerOf([fill, { ...fill, n: 8 }]))).toBe(true));
});

describe('what was announced as journaled', () => {
  const committed = [{ session: 's', to: 10, head: 'h' }];
  const check = (seals: readonly unknown[], twice: readonly unknown[] = []) =>
    holds((findings) => claimCommittedKept(journalOf({ 'FROM seals': seals, HAVING: twice }), viewerOf([], committed), findings));

  it('holds when a seal ends there with that head', async () => expect(await check([{ session: 's', to: 10, head: 'h' }])).toBe(true));
  it('does not hold without that seal', async () => expect(await check([])).toBe(false));
  it('does not hold with another head', async () => expect(await check([{ session: 's', to: 10, head: 'x' }])).toBe(false));
  it('does not hold when a turn is taken twice', async () =>
    expect(await check([{ session: 's', to: 10, head: 'h' }], [{ session: 's', source: 'risk', root: 'verdict', n: 1, times: 2 }])).toBe(
      false,
    ));
});

describe('what the generator sent', () => {
  const bids = [[1, 2]];
  const asks = [[3, 4]];
  const sent = { t: 'book', venue: 'upbit', symbol: 'BTC-KRW', sequence: 5, at: 9_000_000, hash: hashOfBook(bids, asks) };
  const row = { session: 's', position: 3, venue: 'upbit', symbol: 'BTC-KRW', epoch: 1, sequence: 1, at: 9_000_000, hash: sent.hash };
  async function check(rows: readonly unknown[]): Promise<boolean> {
    const folder = mkdtempSync(join(tmpdir(), 'arb-sent-'));
    const log = join(folder, 'sent.log');
    writeFileSync(log, `${JSON.stringify(sent)}\n`);
    try {
      return await holds((findings) => claimSentKept(journalOf({ 'FROM events': rows }), log, [], findings));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('holds when the journal has it once, as it was sent', async () => expect(await check([row])).toBe(true));
  it('holds when a book without a time has the number it was sent with', async () =>
    expect(await check([{ ...row, at: null, sequence: 5 }])).toBe(true));
  it('holds when it was sent again after a new connection', async () =>
    expect(await check([row, { ...row, position: 4, epoch: 2 }])).toBe(true));
  it('does not hold when a book without a time has a number that was never sent', async () =>
    expect(await check([{ ...row, at: null, sequence: 6 }])).toBe(false));
  it('does not hold when it stands there twice', async () => expect(await check([row, { ...row, position: 4 }])).toBe(false));
  it('does not hold when a level is another one', async () =>
    expect(await check([{ ...row, hash: hashOfBook(bids, [[3, 5]]) }])).toBe(false));
  it('does not hold when the journal has a book that nobody sent', async () =>
    expect(await check([row, { ...row, sequence: 2, at: 9_001_000 }])).toBe(false));
});
