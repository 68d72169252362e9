import { CROSS } from './cross.ts';
import { EXCHANGE } from './exchange.ts';
import { GATE } from './gate.ts';
import { ROUTE } from './route.ts';
import { type Rule, refuse, type SizedEntry } from './rule.ts';
import { SYMBOL } from './symbol.ts';

/** Of an entry's rules those that are about where and when, not about how much is open: a transfer opens nothing. */
const SHARED = new Set([
  'too-old',
  'mode',
  'venue-paused',
  'venue-DOWN',
  'venue-FROZEN',
  'coin-suspended',
  'coin-warned',
  'coin-paused',
  'stream-full',
  'journal-lag',
]);

/** What inventory that is to be sent from venue to venue is held against. The route says where it is missing (`buy`) and where it lies (`sell`). */
export const TRANSFER: readonly Rule[] = [
  {
    // What the executor sends is what the decision's transfer says: elsewhere than its route no rule has looked.
    rule: 'transfer-off-route',
    tier: 'route',
    weigh: ({ decision: { transfer }, coin, buy, sell }: SizedEntry) =>
      refuse(transfer === undefined || transfer.currency !== coin || transfer.from !== sell || transfer.to !== buy || buy === sell),
  },
  ...[...(GATE as readonly Rule[]), ...EXCHANGE, ...ROUTE, ...SYMBOL, ...CROSS].filter(({ rule }) => SHARED.has(rule)),
];
