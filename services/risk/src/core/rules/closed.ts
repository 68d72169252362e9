import type { Facts } from '../facts.ts';
import type { Finding } from './rule.ts';

/** What rests or is broken: named by the rule that closed it. */
export function closed({ closures }: Facts, what: string, now: number): Finding | null {
  const closure = closures.get(what);
  if (closure === undefined || closure.until <= now) return null;
  const { outcome, limit, value, rule, tier } = closure;
  return { outcome, limit, value, as: { rule, tier } };
}
