import { add, type Decimal, ZERO } from '@arb/shared/money';
import type { Settings } from './settings.ts';

/** Capital and what was earned since. The price of the inventory is no part of it: prices alone are no gain of trading, and no loss. */
export function equity({ capital }: Settings, earned: Decimal): Decimal {
  return add(capital ?? ZERO, earned);
}
