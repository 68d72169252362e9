import type { DataOf } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { add, formatDecimal, parseDecimal, sign, subtract } from '@arb/shared/money';
import { balanceOf, type Ledger } from './ledger.ts';
import { baseOf } from './trip.ts';

/** What a day has brought an account, added up from what was said: never from the ledger that it is held against. */
interface Line {
  opening: string;
  bought: string;
  sold: string;
  fees: string;
  transferred: string;
}

/** Plain data, by venue and currency. */
export interface Tally {
  from: number;
  venues: [venue: string, fills: number, lines: [currency: string, line: Line][]][];
}

type Fill = Pick<DataOf<'fill'>, 'venue' | 'symbol' | 'side' | 'quantity' | 'value' | 'fee'>;

export function newTally(now: number): Tally {
  return { from: now, venues: [] };
}

function venueOf(tally: Tally, venue: string): Tally['venues'][number] {
  let entry = tally.venues.find(([name]) => name === venue);
  if (entry === undefined) {
    entry = [venue, 0, []];
    tally.venues.push(entry);
  }
  return entry;
}

function lineOf(tally: Tally, venue: string, currency: string): Line {
  const [, , lines] = venueOf(tally, venue);
  const entry = lines.find(([name]) => name === currency);
  if (entry !== undefined) return entry[1];
  const line: Line = { opening: '0', bought: '0', sold: '0', fees: '0', transferred: '0' };
  lines.push([currency, line]);
  return line;
}

function raise(line: Line, column: keyof Line, by: string): void {
  line[column] = formatDecimal(add(parseDecimal(line[column]), parseDecimal(by)));
}

export function tallyOpening(tally: Tally, venue: string, currency: string, amount: string): void {
  raise(lineOf(tally, venue, currency), 'opening', amount);
}

export function tallyFill(tally: Tally, { venue, symbol, side, quantity, value, fee }: Fill): void {
  venueOf(tally, venue)[1]++;
  const coin = lineOf(tally, venue, baseOf(symbol));
  const money = lineOf(tally, venue, value.currency);
  raise(coin, side === 'buy' ? 'bought' : 'sold', quantity);
  raise(money, side === 'buy' ? 'sold' : 'bought', value.amount);
  raise(lineOf(tally, venue, fee.currency), 'fees', fee.amount);
}

/** Leaves `from` whole, arrives at `to` less its fee. */
export function tallyTransfer(tally: Tally, { from, to, currency, quantity, fee, state }: DataOf<'transfer'>): void {
  if (state === 'left') raise(lineOf(tally, from, currency), 'transferred', `-${quantity}`);
  else if (state === 'arrived') {
    raise(lineOf(tally, to, currency), 'transferred', quantity);
    raise(lineOf(tally, to, currency), 'fees', fee);
  }
}

/** The day is over: each venue's ledger is held against what was said of it, and the next day opens with what is there. */
export function reconcile(tally: Tally, ledger: Ledger, context: CoreContext): void {
  const from = tally.from;
  tally.from = context.now;
  for (const entry of tally.venues) {
    const [venue, fills, lines] = entry;
    const accounts = lines.map(([currency, line]) => {
      const closing = balanceOf(ledger, venue, currency);
      const expected = subtract(
        add(add(parseDecimal(line.opening), parseDecimal(line.bought)), parseDecimal(line.transferred)),
        add(parseDecimal(line.sold), parseDecimal(line.fees)),
      );
      const difference = subtract(closing, expected);
      return { currency, ...line, closing: formatDecimal(closing), difference: formatDecimal(difference), wrong: sign(difference) !== 0 };
    });
    context.emit('reconciliation', [venue], {
      venue,
      from,
      to: context.now,
      agrees: accounts.every(({ wrong }) => !wrong),
      accounts: accounts.slice(0, 1000).map(({ wrong: _, ...account }) => account),
      fills,
    });
    entry[1] = 0;
    entry[2] = accounts.map(({ currency, closing }) => [
      currency,
      { opening: closing, bought: '0', sold: '0', fees: '0', transferred: '0' },
    ]);
  }
}

const DAY_MICROS = 86_400_000_000;

/** The next time a day of the books begins. */
export function nextDay(now: number, startsAtMicros: number): number {
  return (Math.floor((now - startsAtMicros) / DAY_MICROS) + 1) * DAY_MICROS + startsAtMicros;
}
