import type { DataOf } from '@arb/shared/contracts';
import type { Facts } from './facts.ts';

/** How far the journal is behind; null before it has said. */
export function journalLagMs({ committedAt }: Facts, now: number): number | null {
  return committedAt === null ? null : Math.max(0, now - committedAt) / 1000;
}

/** Whether what a leg is worth is told by a rate that no market says. */
export function restsOnStandIn({ legs }: DataOf<'decision'>, { rates }: Facts, currency: string): boolean {
  return legs.some(({ symbol }) => rates.get(`${symbol.slice(symbol.indexOf('-') + 1)}-${currency}`)?.standsIn === true);
}

/** Age of the oldest rate that the legs need; 0 where they need none, null where one was never said. */
export function oldestRateMs({ legs }: DataOf<'decision'>, { rates }: Facts, currency: string, now: number): number | null {
  let oldest = 0;
  for (const { symbol } of legs) {
    const quote = symbol.slice(symbol.indexOf('-') + 1);
    if (quote === currency) continue;
    const rate = rates.get(`${quote}-${currency}`);
    if (rate === undefined) return null;
    oldest = Math.max(oldest, now - rate.at);
  }
  return oldest / 1000;
}
