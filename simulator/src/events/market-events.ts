import type { OutsideEvent, OutsideSource } from '@arb/shared/closed-loop';
import type { SessionConfig } from '@arb/shared/core';
import { bookOf } from '../market/book.ts';
import type { Instrument } from '../market/instrument.ts';
import { type Market, makeMarket } from '../market/market.ts';
import type { Profile, ProfileName } from '../market/profiles.ts';

export interface MarketEventsOptions {
  readonly market: Pick<SessionConfig['market'], 'coins' | 'venues' | 'depth' | 'booksPerSecond' | 'seed'>;
  readonly feeBps: Readonly<Record<string, number>>;
  readonly profile?: ProfileName | Profile;
  /** µs since the epoch at which the market begins. */
  readonly begin: number;
}

const SOURCE = 'market-data/simulated0';
const RATE_EVERY = 1_000_000;
const LATENCY_MS = 5;
/** What an order is worth at least, in the quote currency, as the venues have it. */
const LEAST: Readonly<Record<string, string>> = { KRW: '5000', USDT: '5' };

export interface MarketEvents extends OutsideSource {
  readonly market: Market;
}

/**
 * The simulated market as the events that market-data would say of it: health, instruments and universe first, then books
 * as they come and a rate every second. What a coin is said to be depends on the coin alone, not on those beside it.
 */
export function openMarketEvents({ market: settings, feeBps, profile, begin }: MarketEventsOptions): MarketEvents {
  const { coins, venues } = settings;
  const market = makeMarket(profile === undefined ? settings : { ...settings, profile });
  const sequences = new Map<Instrument, number>();
  const first: OutsideEvent[] = [
    ...venues.flatMap(({ name }): OutsideEvent[] => [
      healthOf(name, begin),
      instrumentsOf(name, market.instruments, feeBps[name] ?? 0, begin),
    ]),
    { type: 'universe', words: [], source: SOURCE, at: begin, data: { coins: [...coins], mode: 'FIXED_LIST', why: 'configured' } },
  ];
  let said = 0;
  let rateAt = 0;

  function rate(at: number): OutsideEvent<'fx'> {
    const rate = market.rate(at);
    const data = { pair: 'KRW-USDT', rate, tier: 'multi', sources: [], bankRate: market.bankRate(at), stableRate: rate } as const;
    return { type: 'fx', words: ['KRW-USDT'], source: SOURCE, at: begin + at, data };
  }

  function book(): OutsideEvent<'book'> {
    const instrument = market.step();
    const { venue, symbol } = instrument;
    const at = begin + instrument.at;
    const sequence = (sequences.get(instrument) ?? 0) + 1;
    sequences.set(instrument, sequence);
    const { bids, asks } = bookOf(instrument);
    const data = { venue, symbol, epoch: 1, sequence, exchangeAt: at, receivedAt: at, bids, asks };
    return { type: 'book', words: [venue, symbol], source: SOURCE, at, data };
  }

  return {
    market,
    nextAt: () => (said < first.length ? begin : begin + Math.min(rateAt, market.nextAt())),
    next() {
      if (said < first.length) return first[said++] as OutsideEvent;
      if (rateAt > market.nextAt()) return book();
      const event = rate(rateAt);
      rateAt += RATE_EVERY;
      return event;
    },
  };
}

function healthOf(venue: string, at: number): OutsideEvent<'health'> {
  const data = { venue, state: 'HEALTHY', why: '', latencyMs: LATENCY_MS, reconnects: 0, conflated: 0, suspended: [], warned: [] } as const;
  return { type: 'health', words: [venue], source: SOURCE, at, data: data as OutsideEvent<'health'>['data'] };
}

function instrumentsOf(venue: string, all: readonly Instrument[], feeBps: number, at: number): OutsideEvent<'instruments'> {
  const fee = (feeBps / 10_000).toFixed(8);
  const symbols = all
    .filter((instrument) => instrument.venue === venue)
    .map(({ symbol, quote, tick, sizes }) => ({
      symbol,
      tick: (tick.unit / 10 ** tick.places).toFixed(tick.places),
      lot: (1 / sizes.scale).toFixed(String(sizes.scale).length - 1),
      minNotional: LEAST[quote] ?? '0',
    }));
  return { type: 'instruments', words: [venue], source: SOURCE, at, data: { venue, fees: { maker: fee, taker: fee }, bands: [], symbols } };
}
