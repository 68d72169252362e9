import type { DataOf } from '@arb/shared/contracts';
import {
  add,
  compare,
  type Decimal,
  divide,
  formatDecimal,
  greatest,
  multiply,
  parseDecimal,
  placesOf,
  sign,
  subtract,
  toNumber,
} from '@arb/shared/money';
import type { Zone } from './calibration.ts';
import type { Purpose } from './trip.ts';

/** Running sums, since the ledgers were opened: plain data, of a fixed size. Money is decimal text in the numeraire. */
export interface Stats {
  since: number;
  closed: number;
  unwound: number;
  failed: number;
  won: number;
  lost: number;
  realised: string;
  /** Results in units of what a stop would have lost, and how many there are. */
  rSum: number;
  rCount: number;
  peak: string;
  drawdown: string;
  /** Of trips that have ended. */
  unhedged: number;
  /** Legs' orders that came to their venue, what of them was filled, and how many were not at all. */
  orders: number;
  ratioSum: number;
  notFilled: number;
  fills: number;
  slippageSum: number;
  latencySum: number;
  latencyMax: number;
  /** Refused or cancelled before any venue had them. */
  notSent: number;
  unwinds: number;
  /** Sent from venue to venue, and what that cost at the prices of the decisions: no part of any trip's result. */
  transfers: number;
  transferCost: string;
  /** By zone of the calibration: orders, and what the books showed of them. */
  zones: [index: number, orders: number, predicted: number, seenSum: number][];
  errorSquares: number;
}

export function newStats(now: number): Stats {
  return {
    since: now,
    closed: 0,
    unwound: 0,
    failed: 0,
    won: 0,
    lost: 0,
    realised: '0',
    rSum: 0,
    rCount: 0,
    peak: '0',
    drawdown: '0',
    unhedged: 0,
    orders: 0,
    ratioSum: 0,
    notFilled: 0,
    fills: 0,
    slippageSum: 0,
    latencySum: 0,
    latencyMax: 0,
    notSent: 0,
    unwinds: 0,
    transfers: 0,
    transferCost: '0',
    zones: [],
    errorSquares: 0,
  };
}

/** An order that came to its venue: latency is counted for all, the part filled for legs only. */
export function countOrder(stats: Stats, { purpose, latencyMs }: { purpose: Purpose; latencyMs: number }, ratio: number): void {
  if (purpose === 'unwind') stats.unwinds++;
  else {
    stats.orders++;
    stats.ratioSum += ratio;
    if (ratio === 0) stats.notFilled++;
  }
  stats.latencySum += latencyMs;
  stats.latencyMax = Math.max(stats.latencyMax, latencyMs);
}

export function countFill(stats: Stats, slippageBps: number, zone: Zone | null): void {
  stats.fills++;
  stats.slippageSum += slippageBps;
  if (zone === null) return;
  const error = zone.predicted - zone.seen;
  stats.errorSquares += error * error;
  const entry = stats.zones.find(([index]) => index === zone.index);
  if (entry === undefined) stats.zones.push([zone.index, 1, zone.predicted, zone.seen]);
  else {
    entry[1]++;
    entry[2] = zone.predicted;
    entry[3] += zone.seen;
  }
}

/** Another calibration has other zones: what the old one said is not held against it. */
export function forgetZones(stats: Stats): void {
  stats.zones = [];
  stats.errorSquares = 0;
}

/** `worth`: of all that is sent, as the decision says it; where it could not be told, what its fee costs cannot be either. */
export function countTransfer(
  stats: Stats,
  { quantity, fee }: Pick<DataOf<'transfer'>, 'quantity' | 'fee'>,
  worth: DataOf<'decision'>['notional'],
  numeraire: string,
): void {
  stats.transfers++;
  if (worth === null || worth.currency !== numeraire) return;
  const cost = divide(multiply(parseDecimal(worth.amount), parseDecimal(fee)), parseDecimal(quantity), placesOf(numeraire));
  stats.transferCost = formatDecimal(add(parseDecimal(stats.transferCost), cost));
}

/** A trip has ended; one in which nothing was ever filled neither won nor lost. */
export function countEnd(stats: Stats, state: 'CLOSED' | 'UNWOUND' | 'FAILED', pnl: Decimal, oneR: Decimal | null, unhedged: number): void {
  if (state === 'CLOSED') stats.closed++;
  else if (state === 'UNWOUND') stats.unwound++;
  else stats.failed++;
  if (sign(pnl) > 0) stats.won++;
  if (sign(pnl) < 0) stats.lost++;
  if (oneR !== null && sign(oneR) > 0) {
    stats.rSum += toNumber(divide(pnl, oneR, 9));
    stats.rCount++;
  }
  stats.unhedged += unhedged;
  const sum = add(parseDecimal(stats.realised), pnl);
  const peak = greatest(parseDecimal(stats.peak), sum);
  stats.realised = formatDecimal(sum);
  stats.peak = formatDecimal(peak);
  const fall = subtract(peak, sum);
  if (compare(fall, parseDecimal(stats.drawdown)) > 0) stats.drawdown = formatDecimal(fall);
}
