import {
  add,
  type Conversion,
  type ConversionText,
  converted,
  type Decimal,
  formatDecimal,
  multiply,
  negate,
  parseConversion,
  parseDecimal,
  placesOf,
  round,
  sign,
  subtract,
  ZERO,
} from '@arb/shared/money';

/**
 * What a round trip's result is made of, all in the numeraire. The spread is what the best prices promised when the orders
 * were sent; drift how far they moved while an order travelled; depth what walking beyond the best cost; unwind what
 * taking back an unmatched part cost; fx what the rates' movement since each phase began did to what was held; rounding
 * what booking at each currency's precision did.
 */
export const PARTS = [
  'enterSpread',
  'exitSpread',
  'fees',
  'fx',
  'unwind',
  'rounding',
  'enterBuyDrift',
  'enterSellDrift',
  'exitBuyDrift',
  'exitSellDrift',
  'enterBuyDepth',
  'enterSellDepth',
  'exitBuyDepth',
  'exitSellDepth',
] as const;
export type Part = (typeof PARTS)[number];

/** What a trip has brought in and cost. */
export interface Account {
  /** By currency, net of fees; the coin itself among them. */
  flows: [currency: string, amount: string][];
  /** In the numeraire, each phase's flows at the rates of its beginning; and what the coins kept were taken to be worth. */
  valued: string;
  kept: string;
  /** But for fx, which is known at the end only. To 18 places. */
  parts: Partial<Record<Part, string>>;
}

export function newAccount(): Account {
  return { flows: [], valued: '0', kept: '0', parts: {} };
}

function addFlow(account: Account, currency: string, change: Decimal): void {
  const entry = account.flows.find(([held]) => held === currency);
  if (entry === undefined) account.flows.push([currency, formatDecimal(change)]);
  else entry[1] = formatDecimal(add(parseDecimal(entry[1]), change));
}

function addPart(account: Account, part: Part, change: Decimal): void {
  if (sign(change) === 0) return;
  account.parts[part] = formatDecimal(add(parseDecimal(account.parts[part] ?? '0'), change));
}

export interface BookedFill {
  readonly phase: 'enter' | 'exit';
  readonly coin: string;
  readonly quote: string;
  readonly side: 'buy' | 'sell';
  readonly unwinds: boolean;
  readonly quantity: Decimal;
  /** Price times quantity before it was booked, and as booked. */
  readonly exact: Decimal;
  readonly value: Decimal;
  readonly fee: Decimal;
  readonly sentAtBest: Decimal;
  readonly metBest: Decimal;
  readonly conversion: ConversionText;
}

export function bookFill(account: Account, fill: BookedFill): void {
  const { phase, quantity, exact, value, fee } = fill;
  const buys = fill.side === 'buy';
  const conversion = parseConversion(fill.conversion);
  const inward = (amount: Decimal): Decimal => (buys ? negate(amount) : amount);
  const flow = subtract(inward(value), fee);
  addFlow(account, fill.coin, buys ? quantity : negate(quantity));
  addFlow(account, fill.quote, flow);
  account.valued = formatDecimal(add(parseDecimal(account.valued), converted(flow, conversion)));

  const part = (name: Part, amount: Decimal): void => addPart(account, name, converted(amount, conversion));
  const promised = multiply(quantity, fill.sentAtBest);
  const met = multiply(quantity, fill.metBest);
  part(`${phase}Spread`, inward(promised));
  part('fees', negate(fee));
  part('rounding', inward(subtract(value, exact)));
  if (fill.unwinds) {
    part('unwind', inward(subtract(exact, promised)));
    return;
  }
  const leg = buys ? 'Buy' : 'Sell';
  part(`${phase}${leg}Drift`, inward(subtract(met, promised)));
  part(`${phase}${leg}Depth`, inward(subtract(exact, met)));
}

/** Coins that stay are taken at the price that was on offer when their order was sent: what they do later is not the trip's. */
export function bookKept(account: Account, phase: 'enter' | 'exit', quantity: Decimal, sentAtBest: Decimal, text: ConversionText): Decimal {
  const worth = converted(multiply(quantity, sentAtBest), parseConversion(text));
  account.valued = formatDecimal(add(parseDecimal(account.valued), worth));
  account.kept = formatDecimal(add(parseDecimal(account.kept), worth));
  addPart(account, `${phase}Spread`, worth);
  return worth;
}

/** The coins a trip has more than it began with. */
export function coinsOf(account: Account, coin: string): Decimal {
  return parseDecimal(account.flows.find(([currency]) => currency === coin)?.[1] ?? '0');
}

/** What the flows but for the coin, and the coins kept, are worth at these rates; not rounded. */
export function worthOf(account: Account, coin: string, numeraire: string, conversions: ReadonlyMap<string, Conversion>): Decimal {
  let total = parseDecimal(account.kept);
  for (const [currency, text] of account.flows) {
    if (currency === coin) continue;
    const amount = parseDecimal(text);
    if (currency === numeraire) {
      total = add(total, amount);
      continue;
    }
    const conversion = conversions.get(currency);
    if (conversion === undefined)
      throw new Error(`attribution: expected a rate from ${currency} to ${numeraire}, found none; a trip began without one`);
    total = add(total, converted(amount, conversion));
  }
  return total;
}

export interface Realised {
  readonly amount: Decimal;
  /** They sum to the amount exactly. */
  readonly parts: Record<string, string>;
}

/** What the trip earned, at the rates of its end. Each part is rounded; what that leaves is in `rounding`. */
export function realised(account: Account, coin: string, numeraire: string, conversions: ReadonlyMap<string, Conversion>): Realised {
  const places = placesOf(numeraire);
  const total = worthOf(account, coin, numeraire, conversions);
  const amount = round(total, places);
  const exact: Partial<Record<Part, string>> = { ...account.parts, fx: formatDecimal(subtract(total, parseDecimal(account.valued))) };
  const parts: Record<string, string> = {};
  let sum = ZERO;
  for (const name of PARTS) {
    const text = exact[name];
    parts[name] = '0';
    if (text === undefined || name === 'rounding') continue;
    const rounded = round(parseDecimal(text), places);
    parts[name] = formatDecimal(rounded);
    sum = add(sum, rounded);
  }
  parts.rounding = formatDecimal(subtract(amount, sum));
  return { amount, parts };
}
