import type { AnyEvent, StreamEvent } from '@arb/shared/contracts';
import type { SessionConfig } from '@arb/shared/core';
import {
  add,
  type Conversion,
  compare,
  conversionFrom,
  converted,
  type Decimal,
  formatDecimal,
  parseDecimal,
  placesOf,
  round,
  subtract,
  ZERO,
} from '@arb/shared/money';

/** What was held against what, and what did not agree. */
export interface AuditReport {
  readonly balances: number;
  readonly results: number;
  readonly equities: number;
  /** Results that were worked out again from the fills alone; those of trips that kept coins cannot be. */
  readonly recomputed: number;
  readonly faults: readonly string[];
}

export interface Audit {
  see(event: AnyEvent): void;
  report(): AuditReport;
}

const MOST_FAULTS = 20;
const ENDED = ['CLOSED', 'UNWOUND', 'FAILED'];

/**
 * Keeps the books of a session a second time, from its fills alone, and holds against them whatever the cores say of
 * money: every balance of every venue and currency to the last digit, every result and its parts, capital and equity.
 */
export function openAudit(config: SessionConfig): Audit {
  const { numeraire } = config.aggregator;
  const capital = parseDecimal(config.risk.capital ?? '0');
  const accounts = openAccounts(config);
  const flows = new Map<string, Map<string, Decimal>>();
  const faults: string[] = [];
  /** The sum of all results after each one, by position. */
  const sums: { readonly position: number; readonly sum: Decimal }[] = [];
  const rates = new Map<string, { position: number; conversion: Conversion; before: Conversion }>();
  const counted = { balances: 0, results: 0, equities: 0, recomputed: 0 };

  function fault(event: AnyEvent, text: string): void {
    if (faults.length < MOST_FAULTS) faults.push(`${event.type} at ${event.position}: ${text}`);
  }

  function change(venue: string, currency: string, amount: Decimal): void {
    const key = `${venue} ${currency}`;
    accounts.set(key, add(accounts.get(key) ?? ZERO, amount));
  }

  function seeFill({ data }: StreamEvent<'fill'>): void {
    const [base] = data.symbol.split('-') as [string];
    const quantity = parseDecimal(data.quantity);
    const value = parseDecimal(data.value.amount);
    const fee = parseDecimal(data.fee.amount);
    const buys = data.side === 'buy';
    change(data.venue, base, buys ? quantity : subtract(ZERO, quantity));
    change(data.venue, data.value.currency, buys ? subtract(ZERO, value) : value);
    change(data.venue, data.fee.currency, subtract(ZERO, fee));
    const flow = flows.get(data.trip) ?? new Map<string, Decimal>();
    flows.set(data.trip, flow);
    const book = (currency: string, amount: Decimal) => flow.set(currency, add(flow.get(currency) ?? ZERO, amount));
    book(data.value.currency, buys ? subtract(ZERO, value) : value);
    book(data.fee.currency, subtract(ZERO, fee));
  }

  function seeTransfer({ data }: StreamEvent<'transfer'>): void {
    const quantity = parseDecimal(data.quantity);
    if (data.state === 'left') change(data.from, data.currency, subtract(ZERO, quantity));
    if (data.state === 'arrived') change(data.to, data.currency, subtract(quantity, parseDecimal(data.fee)));
  }

  function seeBalance(event: StreamEvent<'balance'>): void {
    const { venue, balances } = event.data;
    counted.balances++;
    for (const [currency, amount] of Object.entries(balances)) {
      const found = parseDecimal(amount);
      const expected = accounts.get(`${venue} ${currency}`) ?? ZERO;
      if (compare(found, ZERO) < 0) fault(event, `${venue} holds ${amount} ${currency}`);
      if (compare(found, expected) !== 0)
        fault(event, `${venue} holds ${amount} ${currency}, its fills and transfers make ${formatDecimal(expected)}`);
    }
  }

  function seePosition(event: StreamEvent<'position'>): void {
    const { trip, state, pnl, parts, log } = event.data;
    if (!ENDED.includes(state)) return;
    const flow = flows.get(trip);
    flows.delete(trip);
    if (pnl === null) {
      if (flow !== undefined) fault(event, `${trip} traded and ended without a result`);
      return;
    }
    counted.results++;
    const amount = parseDecimal(pnl.amount);
    sums.push({ position: event.position, sum: add(sums.at(-1)?.sum ?? ZERO, amount) });
    const whole = Object.values(parts).reduce((sum, part) => add(sum, parseDecimal(part)), ZERO);
    if (compare(whole, amount) !== 0) fault(event, `the parts of ${trip} sum to ${formatDecimal(whole)}, its result is ${pnl.amount}`);
    if (log?.kept !== '0') return;
    const again = worthOf(flow ?? new Map(), event.cause as number);
    if (again === null) return;
    counted.recomputed++;
    if (compare(again, amount) !== 0) fault(event, `the fills of ${trip} make ${formatDecimal(again)}, its result is ${pnl.amount}`);
  }

  /** What flowed in each currency, at the rates that were known before the event at `position`. */
  function worthOf(flow: ReadonlyMap<string, Decimal>, position: number): Decimal | null {
    let total = ZERO;
    for (const [currency, amount] of flow) {
      const rate = rates.get(currency);
      if (currency !== numeraire && rate === undefined) return null;
      const conversion = rate !== undefined && rate.position < position ? rate.conversion : rate?.before;
      total = add(total, conversion === undefined || currency === numeraire ? amount : converted(amount, conversion));
    }
    return round(total, placesOf(numeraire));
  }

  function seeRate({ data, position }: StreamEvent<'fx'>): void {
    const found = conversionFrom(data.pair, data.rate, numeraire);
    if (found === null) return;
    const { currency, conversion } = found;
    rates.set(currency, { position, conversion, before: rates.get(currency)?.conversion ?? conversion });
  }

  /** Risk knew the results up to what made it speak; where a timer did, the event at that position came after. */
  function seeGuard(event: StreamEvent<'guard'>): void {
    const cause = event.cause as number;
    counted.equities++;
    const equity = parseDecimal(event.data.equity.amount);
    const possible = [sumUpTo(cause), sumUpTo(cause - 1)].map((sum) => add(capital, sum));
    if (!possible.some((expected) => compare(expected, equity) === 0))
      fault(event, `equity is ${event.data.equity.amount}, capital and results make ${formatDecimal(possible[0] as Decimal)}`);
  }

  function sumUpTo(position: number): Decimal {
    for (let i = sums.length - 1; i >= 0; i--) {
      const entry = sums[i] as (typeof sums)[number];
      if (entry.position <= position) return entry.sum;
    }
    return ZERO;
  }

  function seeKpi(event: StreamEvent<'kpi'>): void {
    counted.equities++;
    const sum = sums.at(-1)?.sum ?? ZERO;
    if (compare(parseDecimal(event.data.realised.amount), sum) !== 0)
      fault(event, `realised is ${event.data.realised.amount}, the results make ${formatDecimal(sum)}`);
  }

  function seeReconciliation(event: StreamEvent<'reconciliation'>): void {
    if (!event.data.agrees) fault(event, `the ledger of ${event.data.venue} does not agree with its fills`);
  }

  return {
    see(event) {
      if (event.type === 'fill') seeFill(event);
      else if (event.type === 'balance') seeBalance(event);
      else if (event.type === 'position') seePosition(event);
      else if (event.type === 'fx') seeRate(event);
      else if (event.type === 'guard') seeGuard(event);
      else if (event.type === 'kpi') seeKpi(event);
      else if (event.type === 'transfer') seeTransfer(event);
      else if (event.type === 'reconciliation') seeReconciliation(event);
    },
    report: () => ({ ...counted, faults }),
  };
}

function openAccounts({ executor }: SessionConfig): Map<string, Decimal> {
  const accounts = new Map<string, Decimal>();
  for (const [venue, held] of Object.entries(executor.openingBalances))
    for (const [currency, amount] of Object.entries(held)) accounts.set(`${venue} ${currency}`, parseDecimal(amount));
  return accounts;
}
