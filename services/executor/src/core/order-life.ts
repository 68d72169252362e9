import type { DataOf } from '@arb/shared/contracts';
import { compare, parseDecimal } from '@arb/shared/money';

export type OrderState = DataOf<'order'>['state'];

/** What is known of an order. */
export interface OrderLife {
  readonly state: OrderState;
  readonly filled: string;
}

const STAGE: Readonly<Record<OrderState, number>> = { intended: 0, accepted: 1, 'part-filled': 2, filled: 3, cancelled: 3, rejected: 3 };
const ENDED = 3;

/**
 * What is known after a piece of news, or null where it says nothing new. News may come late, twice and out of order: an
 * order that has ended stays as it is, and nothing goes back.
 */
export function lifeAfter(life: OrderLife, news: OrderLife): OrderLife | null {
  if (STAGE[life.state] === ENDED || STAGE[news.state] < STAGE[life.state]) return null;
  const more = compare(parseDecimal(news.filled), parseDecimal(life.filled));
  if (more < 0 || (more === 0 && news.state === life.state)) return null;
  return news;
}
