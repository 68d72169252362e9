import { openClosedLoop, openJournalVoice } from '@arb/shared/closed-loop';
import { loadConfig } from '@arb/shared/config';
import type { SessionConfig } from '@arb/shared/core';
import { randomSequence } from '@arb/shared/core/testing';
import { openMarketEvents } from '@arb/simulator/events';
import { describe, expect, it } from '@jest/globals';
import { CORES } from '../cores/cores.ts';
import { openAudit } from './audit.ts';
import { BEGIN } from './run-session.ts';

const { session: paper } = loadConfig({ environment: 'paper', env: {} });
const SECONDS = 240;
const SETTLE_SECONDS = 120;
const STEERING: readonly (readonly [what: string, target?: string])[] = [
  ['halt'],
  ['reduce-only'],
  ['go-on'],
  ['go-on'],
  ['go-on'],
  ['flatten'],
  ['flatten', 'BTC'],
  ['flatten', 'ETH:upbit>binance'],
  ['flatten', 'binance'],
  ['pause', 'ETH'],
  ['resume', 'ETH'],
];

/** Orders that are slow, fail, and fill in parts; trips that are large beside what the venues hold. */
function hardConfig(policy: 'cancel' | 'reverse' | 'proceed', seed: string): SessionConfig {
  return {
    ...paper,
    market: { ...paper.market, coins: ['BTC', 'ETH', 'XRP'], seed, booksPerSecond: 24 },
    strategy: {
      ...paper.strategy,
      notional: '1500',
      minEdgeBps: 5,
      minRoundTripBps: -100,
      minStopRoomBps: 0,
      minScore: 0,
      maxTripsPerCoin: 2,
      rebalanceSeconds: 5,
      transfers: { BTC: { seconds: 5, fee: '0.0002', minimum: '0.001' }, ETH: { seconds: 3, fee: '0.001', minimum: '0.01' } },
    },
    risk: { ...paper.risk, maxPositionSize: '1400', maxPerRoute: '3000', maxPerCoin: '3000', maxAllocation: 0.9, maxExposure: '5000' },
    executor: {
      ...paper.executor,
      latencyMs: { upbit: { min: 1, max: 300 }, binance: { min: 1, max: 600 } },
      sendErrorRate: 0.1,
      unmatched: { policy, priceLimitBps: 200, timeLimitMs: 3000, pauseMs: 500 },
      openingBalances: {
        upbit: { KRW: '6000000', BTC: '0.08', ETH: '1.5', XRP: '3000' },
        binance: { USDT: '4000', BTC: '0.03', ETH: '1.5', XRP: '3000' },
      },
    },
  };
}

describe('a session that is steered at random, with slow and failing orders', () => {
  it.each((['cancel', 'reverse', 'proceed'] as const).flatMap((policy) => ['1', '2'].map((seed) => [policy, seed] as const)))(
    'keeps its books by the policy %s (seed %s), never exposes more than the limit, and lets all go once it is flat',
    (policy, seed) => {
      const config = hardConfig(policy, seed);
      const random = randomSequence(`steered ${policy} ${seed}`);
      const audit = openAudit(config);
      const counted = { opened: 0, halts: 0, transfers: 0 };
      const last = { exposure: '', trips: -1, open: -1, underWay: -1, most: 0 };
      const reserved = new Map<string, unknown>();
      const loop = openClosedLoop({
        cores: CORES,
        session: `steered-${seed}`,
        seed,
        config,
        begin: BEGIN,
        encoded: false,
        hop: { minMicros: 80, maxMicros: 40_000 },
        seen(event) {
          audit.see(event);
          if (event.type === 'position' && event.data.state === 'OPEN') counted.opened++;
          if (event.type === 'transfer' && event.data.state === 'arrived') counted.transfers++;
          if (event.type === 'balance') reserved.set(event.data.venue, event.data.reserved ?? null);
          if (event.type === 'guard') {
            last.exposure = event.data.exposure.amount;
            last.trips = event.data.numbers.trips ?? -1;
            last.most = Math.max(last.most, Number(last.exposure));
          }
          if (event.type === 'verdict' && event.data.outcome !== 'BLOCK' && event.data.outcome !== 'COOLDOWN')
            last.most = Math.max(
              last.most,
              (event.data.numbers.exposure ?? 0) - (event.data.numbers.asked ?? 0) + (event.data.numbers.granted ?? 0),
            );
          if (event.type === 'kpi') {
            last.open = event.data.trips.open;
            last.underWay = event.data.numbers.transfersUnderWay ?? -1;
          }
        },
      });
      const journal = openJournalVoice(loop, { journal: config.journal, punctual: true });
      const source = openMarketEvents({ market: config.market, feeBps: config.strategy.feeBps, profile: 'lively', begin: BEGIN });
      const tell = (at: number, what: string, target?: string): void => {
        const said = { id: `${at}`, by: 'me', why: 'test', ...(target === undefined ? {} : { target }) };
        loop.feed({ type: 'command', words: [what], at, data: said } as never);
      };
      let next = BEGIN + 5_000_000;
      let settling = false;
      for (let at = source.nextAt(); at <= BEGIN + (SECONDS + SETTLE_SECONDS) * 1_000_000; at = source.nextAt()) {
        journal.speakUntil(at);
        if (!settling && at >= BEGIN + SECONDS * 1_000_000) {
          settling = true;
          tell(at, 'reduce-only');
          tell(at, 'flatten');
        } else if (!settling && at >= next) {
          const [what, target] = STEERING[Math.floor(random() * STEERING.length)] as (typeof STEERING)[number];
          if (what === 'halt') counted.halts++;
          tell(at, what, target);
          next = at + Math.floor(random() * 4_000_000);
        }
        loop.feed(source.next());
      }
      expect(audit.report().faults).toEqual([]);
      expect(last.most).toBeLessThanOrEqual(5000);
      expect({ ...last, most: 0 }).toEqual({ exposure: '0', trips: 0, open: 0, underWay: 0, most: 0 });
      expect([...reserved.values()].filter((held) => held !== null)).toEqual([]);
      expect(counted.opened).toBeGreaterThan(5);
      expect(counted.transfers).toBeGreaterThan(0);
      expect(counted.halts).toBeGreaterThan(0);
    },
    120_000,
  );
});
