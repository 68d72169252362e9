import { type AnyEvent, parseEvent, scan } from '../contracts/index.ts';
import type { StoredEvent } from '../runtime/index.ts';

/** A recorded row read as an event; null where it is none. */
export function readEvent(row: StoredEvent): AnyEvent | null {
  const scanned = scan(row.subject, row.bytes);
  if (typeof scanned === 'string') return null;
  const event = parseEvent(row.subject, row.bytes, scanned, row.position);
  return typeof event === 'string' ? null : event;
}

const MOST_NUMBERS = 16;
type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** What an event says in one line, and the numbers that it rests on. */
export interface Told {
  readonly says: string;
  readonly numbers: Fields;
}

export function tell(event: AnyEvent): Told {
  switch (event.type) {
    case 'book': {
      const { epoch, sequence, bids, asks } = event.data;
      return {
        says: `book of ${event.data.venue} ${event.data.symbol}`,
        numbers: { bid: bids[0]?.[0] ?? null, ask: asks[0]?.[0] ?? null, epoch, sequence },
      };
    }
    case 'fx':
      return { says: `rate ${event.data.pair}`, numbers: { rate: event.data.rate, tier: event.data.tier } };
    case 'l2': {
      const { venues, bids, asks, numeraire } = event.data;
      const best = (level: (typeof bids)[number] | undefined) => (level === undefined ? null : level[0]);
      const fresh = venues.filter(({ state }) => state === 'fresh').map(({ venue }) => venue);
      return {
        says: `merged book in ${numeraire}, fresh: ${fresh.join(', ') || 'none'}`,
        numbers: {
          bid: best(bids[0]),
          ask: best(asks[0]),
          ...Object.fromEntries(venues.map(({ venue, ageMs }) => [`${venue} age ms`, ageMs])),
        },
      };
    }
    case 'decision': {
      const { kind, route, rule, limit, value, edgeBps, why, numbers, trip } = event.data;
      const on = route === null ? '' : ` buy ${route.buy}, sell ${route.sell}`;
      return {
        says: `${kind}${trip === null ? '' : ` ${trip}`}${on}: ${why}`,
        numbers: some({ ...(rule === null ? {} : { rule, value, limit }), edgeBps, ...numbers }),
      };
    }
    case 'verdict': {
      const { outcome, trip, tier, rule, value, limit, numbers } = event.data;
      return {
        says: `${outcome}${trip === null ? '' : ` ${trip}`}`,
        numbers: some({ ...(rule === null ? {} : { tier, rule, value, limit }), ...numbers }),
      };
    }
    case 'order': {
      const { order, side, state, quantity, filled, limit, reason } = event.data;
      return { says: `order ${order} ${side} ${state}${reason === null ? '' : `: ${reason}`}`, numbers: { quantity, filled, limit } };
    }
    case 'fill': {
      const { order, side, price, quantity, slippageBps, available, fillRatio, fee, model } = event.data;
      return {
        says: `fill of ${order}: ${side}`,
        numbers: { price, quantity, slippageBps, available, fillRatio, fee: `${fee.amount} ${fee.currency}`, model },
      };
    }
    case 'position': {
      const { trip, state, quantity, pnl, parts, why } = event.data;
      return {
        says: `trip ${trip} ${state}: ${why}`,
        numbers: some({ quantity, ...(pnl === null ? {} : { pnl: `${pnl.amount} ${pnl.currency}`, ...parts }) }),
      };
    }
    case 'balance':
      return { says: `ledgers of ${event.data.venue}`, numbers: some(event.data.balances) };
    case 'clock':
      return { says: 'clock', numbers: { fill: event.data.fill, committed: event.data.committed } };
    case 'alert':
      return { says: `alert ${event.data.severity} ${event.data.state}: ${event.data.summary}`, numbers: { rule: event.data.rule } };
    case 'command':
      return { says: `${event.subject} by ${event.data.by}: ${event.data.why}`, numbers: {} };
    case 'health':
      return { says: `${event.data.venue} is ${event.data.state}: ${event.data.why}`, numbers: { latencyMs: event.data.latencyMs } };
    default:
      return { says: event.type, numbers: some(event.data as Readonly<Record<string, unknown>>) };
  }
}

/** Plain fields only, and not more than a person reads. */
function some(fields: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value === null || typeof value !== 'object')
      .slice(0, MOST_NUMBERS)
      .map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, 200) : (value as number | boolean | null)]),
  );
}
