import type { CoreContext } from '@arb/shared/core';
import type { Facts } from './facts.ts';
import { guardOf } from './guard.ts';
import type { Settings } from './settings.ts';

/** Cooldowns begin and end often: they are said together, after this long at most. */
const SAY_AFTER_MICROS = 1_000_000;

/** A timer for the first of what ends by itself. */
export function wakeAtNextEnd({ mode, closures }: Facts, context: CoreContext): void {
  let next = Number.POSITIVE_INFINITY;
  for (const { until } of mode.latches.values()) if (until !== null && until < next) next = until;
  for (const { until } of closures.values()) if (until < next) next = until;
  if (next === Number.POSITIVE_INFINITY) context.clearTimer('ends');
  else context.setTimer('ends', next);
}

export function sayNow(facts: Facts, settings: Settings, context: CoreContext): void {
  if (facts.toSay) context.clearTimer('say');
  facts.toSay = false;
  context.emit('guard', [], guardOf(facts, settings, context.now));
}

export function saySoon(facts: Facts, context: CoreContext): void {
  if (facts.toSay) return;
  facts.toSay = true;
  context.setTimer('say', context.now + SAY_AFTER_MICROS);
}
