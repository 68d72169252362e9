import { absolute, converted, multiply, parseConversion, parseDecimal, subtract, toNumber } from '@arb/shared/money';
import type { LegState, Phase, Trip } from './trip.ts';

/** Adds what stood on one leg alone until now, then takes what stands there from now on. */
export function trackGap(trip: Trip, phase: Phase, at: number): void {
  trip.unhedged += phase.gap * (Math.max(0, at - phase.gapSince) / 1000);
  phase.gap = gapWorth(phase);
  phase.gapSince = at;
}

function gapWorth({ legs: [first, second] }: Phase): number {
  const gap = subtract(parseDecimal(first.filled), parseDecimal(second.filled));
  const over: LegState = gap.units > 0n ? first : second;
  return toNumber(converted(multiply(absolute(gap), parseDecimal(over.sentAtBest)), parseConversion(over.conversion)));
}
