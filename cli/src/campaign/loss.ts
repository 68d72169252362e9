import { add, compare, type Decimal, parseDecimal, ZERO } from '@arb/shared/money';

/** What a loss is put down to: groups of the parts that a result is made of, none of them in two groups. */
const GROUPS = {
  spread: ['enterSpread', 'exitSpread', 'fees'],
  drift: ['enterBuyDrift', 'enterSellDrift', 'exitBuyDrift', 'exitSellDrift'],
  depth: ['enterBuyDepth', 'enterSellDepth', 'exitBuyDepth', 'exitSellDepth'],
  unwind: ['unwind'],
  fx: ['fx'],
  rounding: ['rounding'],
} as const;
export type Reason = keyof typeof GROUPS;

export const REASONS: Readonly<Record<Reason, string>> = {
  spread: 'the spread did not come back far enough to pay the fees',
  drift: 'prices moved away while orders travelled',
  depth: 'the books were too thin at the best price',
  unwind: 'one leg had to be taken back',
  fx: 'the exchange rate moved',
  rounding: 'amounts were booked in whole units',
};

/** The group that cost most; null where none cost anything, which no loss can be. */
export function reasonOfLoss(parts: Readonly<Record<string, string>>): Reason | null {
  let worst: Reason | null = null;
  let most: Decimal = ZERO;
  for (const [reason, names] of Object.entries(GROUPS) as [Reason, readonly string[]][]) {
    const sum = names.reduce((total, name) => add(total, parseDecimal(parts[name] ?? '0')), ZERO);
    if (compare(sum, most) >= 0) continue;
    worst = reason;
    most = sum;
  }
  return worst;
}
