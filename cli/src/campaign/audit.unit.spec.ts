import { loadConfig } from '@arb/shared/config';
import type { AnyEvent } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import { type AuditReport, openAudit } from './audit.ts';
import { reasonOfLoss } from './loss.ts';
import { openResults } from './results.ts';
import { runSession } from './run-session.ts';

const { session } = loadConfig({ environment: 'paper', env: {} });
/** Enters on little: what is held against what needs many trips, winners and losers. */
const strategy = { ...session.strategy, minRoundTripBps: -500, minStopRoomBps: 0 };
const config = { ...session, strategy, market: { ...session.market, coins: ['BTC', 'ETH'], booksPerSecond: 40, seed: '5' } };
const stream: AnyEvent[] = [];
await runSession({ config, profile: 'lively', seconds: 120, seen: (event) => stream.push(event) });

/** The same session, but for one event. */
function audited(change?: (event: AnyEvent) => AnyEvent | null): AuditReport {
  const audit = openAudit(config);
  for (const event of stream) audit.see(change?.(event) ?? event);
  return audit.report();
}

type Data = Record<string, unknown> & { pnl: { amount: string } | null; parts: Record<string, string>; balances: Record<string, string> };

/** Changes the data of the first event of a type that fits, and of no other. */
function first(
  type: AnyEvent['type'],
  fits: (data: Data) => boolean,
  change: (data: Data) => object,
): (event: AnyEvent) => AnyEvent | null {
  let done = false;
  return (event) => {
    const data = event.data as unknown as Data;
    if (done || event.type !== type || !fits(data)) return null;
    done = true;
    return { ...event, data: { ...data, ...change(data) } } as unknown as AnyEvent;
  };
}
const ended = ({ pnl }: Data) => pnl !== null;

describe('the audit', () => {
  it('finds nothing in a session as it was', () => {
    const { faults, results, balances, equities, recomputed } = audited();
    expect(faults).toEqual([]);
    expect(Math.min(results, balances, equities, recomputed)).toBeGreaterThan(10);
  });

  it.each([
    [
      'a fill that was worth one won more',
      first(
        'fill',
        ({ venue }) => venue === 'upbit',
        ({ value }) => ({ value: { currency: 'KRW', amount: String(Number((value as { amount: string }).amount) + 1) } }),
      ),
      /holds .* KRW, its fills and transfers make/,
    ],
    [
      'a balance that is off by the last digit',
      first(
        'balance',
        () => true,
        ({ balances }) => ({ balances: { ...balances, BTC: `${balances.BTC}00000001` } }),
      ),
      /holds 0\.500000001 BTC/,
    ],
    [
      'a balance below zero',
      first(
        'balance',
        () => true,
        ({ balances }) => ({ balances: { ...balances, BTC: '-1' } }),
      ),
      /holds -1 BTC/,
    ],
    [
      'a part that is off by the last digit',
      first('position', ended, ({ parts }) => ({ parts: { ...parts, rounding: '0.00000009' } })),
      /the parts of .* sum to/,
    ],
    [
      'a result that is off by the last digit, parts and all',
      first('position', ended, ({ pnl, parts }) => ({
        pnl: { currency: 'USDT', amount: `${pnl?.amount.slice(0, -1)}${pnl?.amount.endsWith('1') ? 2 : 1}` },
        parts,
      })),
      /the fills of .* make/,
    ],
    [
      'an equity that is not capital and results',
      first(
        'guard',
        () => true,
        () => ({ equity: { amount: '10000.01', currency: 'USDT' } }),
      ),
      /equity is 10000\.01/,
    ],
    [
      'a realised sum that is not that of the results',
      first(
        'kpi',
        () => true,
        () => ({ realised: { amount: '1', currency: 'USDT' } }),
      ),
      /realised is 1/,
    ],
  ])('finds %s', (_, change, fault) => {
    expect(audited(change).faults.join('\n')).toMatch(fault);
  });
});

describe('the results', () => {
  it('count trips, wins and money as the executor does', () => {
    const results = openResults();
    for (const event of stream) results.see(event);
    const { all, byCoin, lossesBy, unexplained, trips } = results.results();
    const kpi = stream.findLast((event) => event.type === 'kpi');
    if (kpi?.type !== 'kpi') throw new Error('expected key figures in the session, found none');
    const { won, lost, closed } = kpi.data.trips;
    expect(won + lost).toBeGreaterThan(20);
    // The last figures are said before the end.
    expect(all.won - won + all.lost - lost).toBeLessThan(5);
    expect(all.exits).toBeGreaterThanOrEqual(closed);
    expect(all.entries - all.exits).toBeLessThanOrEqual(2);
    expect(Object.values(byCoin).reduce((sum, tally) => sum + tally.exits, 0)).toBe(all.exits);
    expect(Object.values(trips).flat().length).toBe(all.exits + all.unwound);
    expect(Object.values(lossesBy).reduce((sum, loss) => sum + loss.trips, 0)).toBe(all.lost);
    expect(unexplained).toEqual([]);
  });
});

describe('why a trip lost', () => {
  const parts = { enterSpread: '10', exitSpread: '-4', fees: '-3', enterBuyDrift: '-1', exitSellDepth: '-1', fx: '0', rounding: '0' };

  it.each([
    ['spread', { exitSpread: '-9' }],
    ['spread', { fees: '-8' }],
    ['drift', { exitSellDrift: '-2' }],
    ['depth', { enterBuyDepth: '-2' }],
    ['unwind', { unwind: '-3' }],
    ['fx', { fx: '-3' }],
    ['rounding', { rounding: '-3' }],
  ])('is %s where that cost most', (reason, change) => {
    expect(reasonOfLoss({ ...parts, ...change })).toBe(reason);
  });

  it('is nothing where nothing cost anything: no loss is like that', () => {
    expect(reasonOfLoss({ enterSpread: '1', fees: '-1' })).toBeNull();
  });
});
