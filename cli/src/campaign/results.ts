import type { AnyEvent, DataOf } from '@arb/shared/contracts';
import { add, compare, type Decimal, formatDecimal, greatest, parseDecimal, sign, subtract, ZERO } from '@arb/shared/money';
import { type Reason, reasonOfLoss } from './loss.ts';

/** How one coin, or all of them, did. Amounts in the numeraire. */
export interface Tally {
  /** Round trips that were opened, those of them that ended, and those that never opened: one leg filled and was taken back. */
  readonly entries: number;
  readonly exits: number;
  readonly unwound: number;
  readonly won: number;
  readonly lost: number;
  readonly winRate: number | null;
  readonly pnl: string;
  readonly fees: string;
  /** Deepest fall of the sum of results below its peak. */
  readonly drawdown: string;
}

export interface Results {
  readonly events: number;
  readonly books: number;
  readonly all: Tally;
  readonly byCoin: Readonly<Record<string, Tally>>;
  readonly lossesBy: Readonly<Partial<Record<Reason, { readonly trips: number; readonly amount: string }>>>;
  /** When the last trip ended, µs; null where none did. */
  readonly lastEndedAt: number | null;
  /** Trips that lost and of which no part says why. */
  readonly unexplained: readonly string[];
  /** By coin, the result of each trip in the order of their ends. */
  readonly trips: Readonly<Record<string, readonly string[]>>;
  /** How trips were closed, what spoke against entries, and why orders were not filled: how often each. */
  readonly exitRules: Readonly<Record<string, number>>;
  readonly refusedBy: Readonly<Record<string, number>>;
  readonly notFilled: Readonly<Record<string, number>>;
  readonly fills: { readonly buy: number; readonly sell: number };
}

interface Sums {
  readonly opened: Set<string>;
  exits: number;
  unwound: number;
  won: number;
  lost: number;
  pnl: Decimal;
  fees: Decimal;
  peak: Decimal;
  drawdown: Decimal;
}

const ENDED = ['CLOSED', 'UNWOUND', 'FAILED'];
const newSums = (): Sums => ({
  opened: new Set(),
  exits: 0,
  unwound: 0,
  won: 0,
  lost: 0,
  pnl: ZERO,
  fees: ZERO,
  peak: ZERO,
  drawdown: ZERO,
});

/** Watches a session go by and keeps how it went. */
export function openResults(): { see(event: AnyEvent): void; results(): Results } {
  const all = newSums();
  const byCoin = new Map<string, Sums>();
  const losses = new Map<Reason, { trips: number; amount: Decimal }>();
  const trips = new Map<string, string[]>();
  const unexplained: string[] = [];
  const exitRules: Record<string, number> = {};
  const refusedBy: Record<string, number> = {};
  const notFilled: Record<string, number> = {};
  const fills = { buy: 0, sell: 0 };
  let events = 0;
  let books = 0;
  let lastEndedAt: number | null = null;

  const of = <V>(map: Map<string, V>, key: string, make: () => V): V => {
    const found = map.get(key) ?? make();
    map.set(key, found);
    return found;
  };

  function seePosition(data: DataOf<'position'>): void {
    const sums = [all, of(byCoin, data.coin, newSums)];
    if (data.state === 'OPEN') for (const sum of sums) sum.opened.add(data.trip);
    if (!ENDED.includes(data.state) || data.pnl === null) return;
    const pnl = parseDecimal(data.pnl.amount);
    const fees = parseDecimal(data.parts.fees ?? '0');
    for (const sum of sums) count(sum, data.trip, pnl, fees);
    of(trips, data.coin, () => [] as string[]).push(data.pnl.amount);
    lastEndedAt = data.log?.endedAt ?? lastEndedAt;
    bump(exitRules, data.log?.exitRule ?? data.state);
    if (sign(pnl) >= 0) return;
    const reason = reasonOfLoss(data.parts);
    if (reason === null) unexplained.push(data.trip);
    else {
      const loss = losses.get(reason) ?? { trips: 0, amount: ZERO };
      losses.set(reason, { trips: loss.trips + 1, amount: add(loss.amount, pnl) });
    }
  }

  return {
    see(event) {
      events++;
      if (event.type === 'book') books++;
      else if (event.type === 'position') seePosition(event.data);
      else if (event.type === 'fill') fills[event.data.side]++;
      else if (event.type === 'verdict') {
        if (event.data.rule !== null) bump(refusedBy, event.data.rule);
      } else if (event.type === 'order' && (event.data.state === 'cancelled' || event.data.state === 'rejected'))
        bump(notFilled, (event.data.reason ?? 'without a reason').replace(/\d[\d.]*/g, '#'));
    },
    results: () => ({
      events,
      books,
      all: tallyOf(all),
      byCoin: Object.fromEntries([...byCoin].map(([coin, sums]) => [coin, tallyOf(sums)])),
      lossesBy: Object.fromEntries([...losses].map(([reason, { trips, amount }]) => [reason, { trips, amount: formatDecimal(amount) }])),
      lastEndedAt,
      unexplained,
      trips: Object.fromEntries(trips),
      exitRules,
      refusedBy,
      notFilled,
      fills,
    }),
  };
}

function count(sum: Sums, trip: string, pnl: Decimal, fees: Decimal): void {
  if (sum.opened.has(trip)) sum.exits++;
  else if (sign(fees) !== 0) sum.unwound++;
  if (sign(pnl) > 0) sum.won++;
  if (sign(pnl) < 0) sum.lost++;
  sum.pnl = add(sum.pnl, pnl);
  sum.fees = subtract(sum.fees, fees);
  sum.peak = greatest(sum.peak, sum.pnl);
  const fall = subtract(sum.peak, sum.pnl);
  if (compare(fall, sum.drawdown) > 0) sum.drawdown = fall;
}

function tallyOf({ opened, exits, unwound, won, lost, pnl, fees, drawdown }: Sums): Tally {
  const winRate = won + lost === 0 ? null : won / (won + lost);
  const amounts = { pnl: formatDecimal(pnl), fees: formatDecimal(fees), drawdown: formatDecimal(drawdown) };
  return { entries: opened.size, exits, unwound, won, lost, winRate, ...amounts };
}

function bump(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
