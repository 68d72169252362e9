import type { AnyEvent, DataOf, EventType, StreamEvent } from '@arb/shared/contracts';
import { ALL, type Domain } from '@arb/shared/redis';
import { isOver } from '../view/rows.ts';

/** One value of the live view; null where there is nothing of it any more. */
export interface Entry {
  readonly domain: Domain;
  readonly symbol: string;
  readonly field: string;
  readonly value: object | null;
}

/** What events of these types put into the live view. The session's own facts are made of several of them. */
export const SHOWN: readonly EventType[] = ['l2', 'position', 'balance', 'guard', 'health', 'kpi'];

export function entryOf(event: AnyEvent): Entry | null {
  switch (event.type) {
    case 'l2':
      return { domain: 'l2', symbol: event.data.coin, field: 'top', value: topOf(event) };
    case 'position': {
      const { coin, trip, state } = event.data;
      return { domain: 'position', symbol: coin, field: trip, value: isOver(state) ? null : newest(event) };
    }
    case 'balance':
      return { domain: 'balance', symbol: event.data.venue, field: 'holds', value: newest(event) };
    case 'guard':
      return { domain: 'guard', symbol: ALL, field: 'mode', value: newest(event) };
    case 'health':
      return { domain: 'health', symbol: event.data.venue, field: 'state', value: newest(event) };
    case 'kpi':
      return { domain: 'kpi', symbol: ALL, field: 'now', value: newest(event) };
    default:
      return null;
  }
}

function newest({ position, at, data }: StreamEvent<EventType>): object {
  return { position, at, data };
}

function topOf({ position, at, data }: StreamEvent<'l2'>): object {
  const { numeraire, venues } = data;
  const best = (levels: DataOf<'l2'>['bids']): object | null => {
    const [level] = levels;
    return level === undefined ? null : { price: level[0], size: level[1], venue: venues[level[2]]?.venue ?? '' };
  };
  const counted = { fresh: 0, stale: 0, absent: 0 };
  for (const { state } of venues) counted[state]++;
  return { position, at, numeraire, bid: best(data.bids), ask: best(data.asks), venues: counted };
}
