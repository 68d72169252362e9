import { ratePairsOf } from '@arb/shared/core';
import type { ShellContext } from '@arb/shared/runtime';
import { type Mid, quotesOf, rateOf } from '../core/index.ts';
import type { BankNews } from './bank-rate.ts';

/** A rate is said at most so often, and, where nothing moves, again before a reader's trust in it ends. */
const EACH_MS = 900;
const TRUST_MS = 3_000;
/** At the start a bank answers sooner than any book comes. */
const STREAMS_FIRST_MS = 3_000;
const BANK = 'bank USD/KRW';

interface PairState {
  readonly pair: string;
  saidAt: number;
  last: number | null;
  lastWhat: string;
}

export interface FxDeskOptions {
  readonly context: ShellContext;
  readonly quotes: readonly string[];
  readonly numeraire: string;
  readonly staticRates: Readonly<Record<string, number>>;
  readonly bank: () => BankNews | null;
}

/** What the currencies of the venues are worth in the numeraire, from whatever source is left. */
export class FxDesk {
  private readonly options: FxDeskOptions;
  private readonly mids = new Map<string, Mid>();
  private readonly pairs: readonly PairState[];
  private readonly beganAt: number;

  constructor(options: FxDeskOptions) {
    this.options = options;
    this.beganAt = options.context.time.monotonicMs();
    const { quotes, numeraire } = options;
    this.pairs = ratePairsOf(quotes, numeraire).map((pair) => ({ pair, saidAt: Number.NEGATIVE_INFINITY, last: null, lastWhat: '' }));
  }

  /** Pairs that a venue of this quote currency should be asked for, beside its coins. */
  static symbolsFor(quote: string, quotes: readonly string[], numeraire: string): readonly string[] {
    const others = [...quotes, numeraire].filter((other) => other !== quote);
    // A dollar coin tells what a bank's dollar is worth in another one.
    const dollars = quote === 'USDT' ? ['USDC'] : [];
    return [...new Set([...others, ...dollars])].map((other) => `${other}-${quote}`);
  }

  book(venue: string, symbol: string, bid: number | undefined, ask: number | undefined): void {
    // A book that is gone leaves its last price, which ages: a rate that jumps to another source would look like a premium.
    if (bid === undefined || ask === undefined) return;
    this.mids.set(`${venue} ${symbol}`, { venue, symbol, price: (bid + ask) / 2, at: this.options.context.time.monotonicMs() });
  }

  /** Of this currency, how many one of the numeraire costs; null where that is not known yet. */
  rateOf(quote: string): number | null {
    const { numeraire } = this.options;
    return quote === numeraire ? 1 : (this.pairs.find(({ pair }) => pair === `${quote}-${numeraire}`)?.last ?? null);
  }

  tell(): void {
    const { context } = this.options;
    const now = context.time.monotonicMs();
    if (!this.pairs.some(({ saidAt }) => now - saidAt >= EACH_MS) || !context.holdsLease()) return;
    const mids = [...this.mids.values()];
    for (const state of this.pairs) if (now - state.saidAt >= EACH_MS) this.tellPair(state, mids, now);
  }

  private tellPair(state: PairState, mids: readonly Mid[], now: number): void {
    const { context, staticRates } = this.options;
    const { pair, last } = state;
    const news = this.options.bank();
    const quotes = quotesOf(pair, mids, now);
    const bank = bankOf(pair, news, mids, now);
    const rate = rateOf({ pair, quotes, bank, fixed: staticRates[pair] ?? null, last });
    const streams = rate?.tier === 'multi' || rate?.tier === 'single';
    if (rate === null || (!streams && last === null && now - this.beganAt < STREAMS_FIRST_MS && pair !== 'KRW-USD')) return;
    const what = `${rate.rate} ${rate.tier} ${rate.sources.map(({ source, used }) => `${source}${used}`).join()}`;
    if (what === state.lastWhat && now - state.saidAt < TRUST_MS) return;
    const krw = pair.startsWith('KRW-');
    const data = {
      pair,
      ...rate,
      bankRate: krw ? (news?.rate ?? null) : null,
      stableRate: pair === 'KRW-USDT' && streams ? rate.rate : null,
    };
    if (!context.say('fx', [pair], data, { at: context.time.wallMicros() })) return;
    state.saidAt = now;
    state.lastWhat = what;
    state.last = rate.rate;
  }
}

function bankOf(pair: string, news: BankNews | null, mids: readonly Mid[], now: number) {
  if (news === null) return null;
  const { rate, ageMs, fresh } = news;
  if (pair === 'KRW-USD') return { source: BANK, rate, ageMs, fresh };
  if (pair !== 'KRW-USDT') return null;
  // Won for a dollar, times dollars for a USDT; without a market of the two, one for one.
  const dollars = rateOf({ pair: 'USDC-USDT', quotes: quotesOf('USDC-USDT', mids, now), bank: null, fixed: 1, last: null });
  return { source: `${BANK} × ${dollars?.tier === 'static' ? '1' : 'USDC-USDT'}`, rate: rate * (dollars?.rate ?? 1), ageMs, fresh };
}
