import { CROSS } from './cross.ts';
import { EXCHANGE } from './exchange.ts';
import { PORTFOLIO } from './portfolio.ts';
import { ROUTE } from './route.ts';
import type { Rule } from './rule.ts';
import { SYMBOL } from './symbol.ts';

export { GATE } from './gate.ts';
export type { Decision, Entry, Finding, Named, Rule, SizedEntry } from './rule.ts';
export { TRANSFER } from './transfer.ts';

/**
 * Every limit an entry is held against, tier by tier: the first that triggers is the verdict's `firstRule`, the strictest
 * its `rule`. A limit is kept by its own value and broken by anything above it. An exit meets none of them.
 */
export const RULES: readonly Rule[] = [...EXCHANGE, ...ROUTE, ...SYMBOL, ...PORTFOLIO, ...CROSS];
