import type { DataOf } from '@arb/shared/contracts';

type Fx = DataOf<'fx'>;

/** What one source says of a pair: how many of the first one of the second costs. */
export interface Quote {
  readonly source: string;
  readonly rate: number;
  readonly ageMs: number;
  /** `direct`: a market of just this pair. `cross`: through a coin that is traded in both; it holds that coin's own premium. */
  readonly kind: 'direct' | 'cross';
}

export interface RateInputs {
  readonly pair: string;
  readonly quotes: readonly Quote[];
  /** Of a bank, turned into this pair. `ageMs` is the rate's own, a day over a weekend; `fresh`: the bank has said it lately. */
  readonly bank: (Pick<Quote, 'source' | 'rate' | 'ageMs'> & { readonly fresh: boolean }) | null;
  /** As configured, for when nothing else is left. */
  readonly fixed: number | null;
  /** The last rate that was said: where two sources disagree it tells which one to believe. */
  readonly last: number | null;
}

export type Rate = Pick<Fx, 'rate' | 'tier' | 'sources'>;

export const STALE_MS = 60_000;
const OUTLIER = 0.05;
/** More sources than these are not named in one event. */
const MOST_SOURCES = 14;

/** The median of what is fresh and no outlier; direct markets before crosses, streams before the bank, the bank before what is configured. */
export function rateOf({ quotes, bank, fixed, last }: RateInputs): Rate | null {
  const fresh = quotes.filter(({ ageMs, rate }) => ageMs <= STALE_MS && rate > 0);
  const bankRate = bank?.fresh === true ? bank.rate : null;
  const sound = withoutOutliers(fresh, last ?? bankRate ?? fixed);
  const direct = sound.filter(({ kind }) => kind === 'direct');
  const used = direct.length > 0 ? direct : sound;
  const sources: Rate['sources'][number][] = quotes.slice(0, MOST_SOURCES).map((quote) => {
    const { source } = quote;
    const [rate, ageMs] = [tidy(quote.rate), tenths(quote.ageMs)];
    if (used.includes(quote)) return { source, rate, ageMs, used: true };
    return { source, rate, ageMs, used: false, dropped: whyNot(quote, fresh, sound) };
  });
  const streams = used.length > 0;
  if (bank !== null) {
    const { source } = bank;
    const [rate, ageMs] = [tidy(bank.rate), tenths(bank.ageMs)];
    const takesBank = !streams && bankRate !== null;
    const dropped = streams ? 'only where no stream is' : 'stale';
    sources.push(takesBank ? { source, rate, ageMs, used: true } : { source, rate, ageMs, used: false, dropped });
  }
  if (streams) return { rate: tidy(median(used.map(({ rate }) => rate))), tier: used.length > 1 ? 'multi' : 'single', sources };
  if (bankRate !== null) return { rate: tidy(bankRate), tier: 'http', sources };
  if (fixed === null) return null;
  return { rate: fixed, tier: 'static', sources: [...sources, { source: 'configured', rate: fixed, ageMs: 0, used: true }] };
}

function whyNot(quote: Quote, fresh: readonly Quote[], sound: readonly Quote[]): string {
  if (!fresh.includes(quote)) return 'stale';
  return sound.includes(quote) ? 'only where no direct market is' : 'outlier';
}

/** Two that disagree have no middle that either would stand by: `known` says whom to believe, else nobody. */
function withoutOutliers(fresh: readonly Quote[], known: number | null): readonly Quote[] {
  if (fresh.length < 2) return fresh;
  const near = (middle: number): readonly Quote[] => fresh.filter(({ rate }) => Math.abs(rate - middle) <= OUTLIER * middle);
  const middle = median(fresh.map(({ rate }) => rate));
  const sound = near(middle);
  return sound.length > 0 || known === null ? sound : near(known);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Twelve digits: what a division adds beyond them is no news. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
