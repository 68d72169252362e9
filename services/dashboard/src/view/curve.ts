import { add, formatDecimal, parseDecimal, sign, toNumber, ZERO } from '@arb/shared/money';

/** Time (µs) and the sum of all PnL until then, for drawing. */
export type CurvePoint = readonly [at: number, total: number];

export interface CurveSummary {
  readonly currency: string | null;
  /** Exact. */
  readonly total: string;
  /** Finished round trips that earned or cost something. */
  readonly settled: number;
  readonly wins: number;
  /** Finished in another currency than the curve's: in none of the numbers above. */
  readonly foreign: number;
}

/** `points` replaces what the reader has, `added` goes on from it. */
export interface CurveChange extends CurveSummary {
  readonly points?: readonly CurvePoint[];
  readonly added?: readonly CurvePoint[];
}

export interface Curve {
  add(at: number, pnl: { readonly amount: string; readonly currency: string }): void;
  whole(): CurveSummary & { readonly points: readonly CurvePoint[] };
  takeChange(): CurveChange | null;
  clear(): void;
}

/** Sums stay exact; of the points at most `most` are kept, by leaving out every second one when there are more. */
export function makeCurve(most: number): Curve {
  let currency: string | null = null;
  let total = ZERO;
  let settled = 0;
  let wins = 0;
  let foreign = 0;
  let points: CurvePoint[] = [];
  let given = 0;
  let thinned = false;
  let changed = false;

  const summary = (): CurveSummary => ({ currency, total: formatDecimal(total), settled, wins, foreign });

  return {
    add(at, pnl) {
      changed = true;
      currency ??= pnl.currency;
      if (pnl.currency !== currency) {
        foreign++;
        return;
      }
      const amount = parseDecimal(pnl.amount);
      if (sign(amount) === 0) return;
      total = add(total, amount);
      settled++;
      if (sign(amount) > 0) wins++;
      points.push([at, toNumber(total)]);
      if (points.length <= most) return;
      const last = (points.length - 1) % 2;
      points = points.filter((_, i) => i % 2 === last);
      thinned = true;
    },
    whole: () => ({ ...summary(), points: [...points] }),
    takeChange() {
      if (!changed) return null;
      const change: CurveChange = thinned ? { ...summary(), points: [...points] } : { ...summary(), added: points.slice(given) };
      given = points.length;
      thinned = false;
      changed = false;
      return change;
    },
    clear() {
      currency = null;
      total = ZERO;
      settled = 0;
      wins = 0;
      foreign = 0;
      points = [];
      given = 0;
      thinned = false;
      changed = false;
    },
  };
}
