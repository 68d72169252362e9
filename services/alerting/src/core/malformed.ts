import type { DataOf } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { type Bell, close, raise } from './bell.ts';

const KEY = 'malformed';
/** Without a further one for so long, it is over. */
const OVER_MICROS = 60_000_000;

export const MALFORMED_TIMER = 'malformed-over';

export function takeQuarantine(bell: Bell, { subject, reason }: DataOf<'quarantine'>, context: CoreContext): void {
  const summary = `a malformed event on ${subject.slice(0, 200)} was set aside: ${reason.slice(0, 500)}`;
  raise(bell, KEY, { rule: 'malformed-event', severity: 'P1', summary }, context);
  context.setTimer(MALFORMED_TIMER, context.now + OVER_MICROS);
}

export function endMalformed(bell: Bell, context: CoreContext): void {
  close(bell, KEY, 'no further malformed event for a minute', context);
}
