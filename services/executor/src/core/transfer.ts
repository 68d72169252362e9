import type { DataOf, StreamEvent } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { compare, formatDecimal, negate, parseDecimal, sign, subtract } from '@arb/shared/money';
import { hasBegun, noteBegun } from './begun.ts';
import type { Desk } from './desk.ts';
import { freeOf, post, statement } from './ledger.ts';
import { isHalted, mayEnter } from './mode.ts';
import { countTransfer } from './stats.ts';
import { tallyTransfer } from './tally.ts';

type Decision = NonNullable<DataOf<'verdict'>['decision']>;
type Moved = DataOf<'transfer'>;

/** On their way, by id. */
export type Transfers = Map<string, { readonly moved: Moved; verdict: number | string | null }>;

const MOST_UNDER_WAY = 200;

export function transferTimer(id: string): string {
  return `transfer/${id}`;
}

/** What is sent leaves its venue at once and is nowhere until it arrives, less its fee. */
export function beginTransfer(desk: Desk, event: StreamEvent<'verdict'>, decision: Decision, context: CoreContext): void {
  const id = decision.trip;
  if (id === null || hasBegun(desk.begun, id)) return;
  noteBegun(desk.begun, id);
  const { transfer } = decision;
  if (transfer === undefined) {
    const nowhere = decision.route ?? { buy: 'unknown', sell: 'unknown' };
    const nothing = { currency: decision.coin, from: nowhere.buy, to: nowhere.sell, quantity: '0', fee: '0', arrivesAt: context.now };
    refuse({ transfer: id, ...nothing, state: 'refused', why: 'the decision names no transfer' }, decision, event.position, context);
    return;
  }
  const asked: Moved = { transfer: id, ...transfer, state: 'left', why: decision.why };
  const fault = faultOf(desk, decision, asked, context.now);
  if (fault !== null) {
    refuse({ ...asked, state: 'refused', why: fault }, decision, event.position, context);
    return;
  }
  post(desk.ledger, asked.from, asked.currency, negate(parseDecimal(asked.quantity)));
  desk.transfers.set(id, { moved: asked, verdict: event.position });
  tallyTransfer(desk.tally, asked);
  countTransfer(desk.stats, asked, decision.notional, desk.settings.numeraire);
  say(asked, event.position, context);
  context.emit('balance', [asked.from], statement(desk.ledger, asked.from));
  context.setTimer(transferTimer(id), Math.max(context.now, asked.arrivesAt));
}

function faultOf(desk: Desk, { validUntil }: Decision, { from, to, currency, quantity, fee }: Moved, now: number): string | null {
  if (isHalted(desk.modes)) return 'halted';
  if (!mayEnter(desk.modes)) return 'nothing is sent: reduce-only';
  if (validUntil !== null && now > validUntil) return 'the decision is too old';
  if (from === to) return `expected two venues, found ${from} twice`;
  for (const venue of [from, to]) if (!desk.settings.venues.has(venue)) return `venue ${venue} is not configured`;
  const sent = parseDecimal(quantity);
  if (sign(parseDecimal(fee)) < 0 || compare(sent, parseDecimal(fee)) <= 0)
    return `expected a quantity above the fee of ${fee} ${currency}, found ${quantity}`;
  const free = freeOf(desk.ledger, from, currency);
  if (compare(free, sent) < 0) return `no balance: ${from} has ${formatDecimal(free)} ${currency} free, ${quantity} are to be sent`;
  if (desk.transfers.size >= MOST_UNDER_WAY) return `${MOST_UNDER_WAY} transfers are under way`;
  return null;
}

export function arriveTransfer(desk: Desk, id: string, context: CoreContext): void {
  const under = desk.transfers.get(id);
  if (under === undefined) throw new Error(`executor: expected transfer ${id} on its way, found none`);
  desk.transfers.delete(id);
  const arrived: Moved = { ...under.moved, state: 'arrived' };
  post(desk.ledger, arrived.to, arrived.currency, subtract(parseDecimal(arrived.quantity), parseDecimal(arrived.fee)));
  tallyTransfer(desk.tally, arrived);
  say(arrived, under.verdict, context);
  context.emit('balance', [arrived.to], statement(desk.ledger, arrived.to));
}

/** Said as the failed trip that it is, too: whoever counts what is open waits for that. */
function refuse(refused: Moved, { coin, route }: Decision, verdict: number, context: CoreContext): void {
  say(refused, verdict, context);
  const { transfer: trip, why } = refused;
  context.emit('position', [coin], { trip, coin, state: 'FAILED', route, quantity: '0', pnl: null, parts: {}, why });
}

function say(moved: Moved, verdict: number | string | null, context: CoreContext): void {
  context.emit('transfer', [moved.currency], moved, verdict === null || verdict === context.position ? [] : [verdict]);
}
