import type { DataOf, StreamEvent } from '@arb/shared/contracts';

/** An event's data with where and when it stood in the stream. */
export type Placed<T> = T & { readonly position: number; readonly at: number };

export type FillRow = Placed<DataOf<'fill'>>;
export type OrderRow = Placed<DataOf<'order'>>;
export type TripRow = Placed<DataOf<'position'>> & {
  readonly openedAt: number;
  /** As first heard: a round trip that is over holds nothing any more. */
  readonly entered: string;
  /** Of its coin, what one that is over has left on one leg, or owes where below 0; null for nothing. */
  readonly kept: string | null;
};
export type BalanceRow = Placed<DataOf<'balance'>>;
export type AlertRow = Placed<DataOf<'alert'>> & {
  readonly delivery: { readonly channel: string; readonly state: string; readonly tries: number; readonly detail: string | null } | null;
};
export type Book = Placed<DataOf<'l2'>>;

/** Text from outside is shown in a table's cell: its beginning says enough. */
const MOST_TEXT = 300;

export function clipped(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`;
}

export function placed<T extends object>(event: { readonly position: number; readonly at: number; readonly data: T }): Placed<T> {
  return { ...event.data, position: event.position, at: event.at };
}

export function isOver(state: DataOf<'position'>['state']): boolean {
  return state === 'CLOSED' || state === 'UNWOUND' || state === 'FAILED';
}

export function isDone(state: DataOf<'order'>['state']): boolean {
  return state === 'filled' || state === 'cancelled' || state === 'rejected';
}

export function tripRow(event: StreamEvent<'position'>, before: TripRow | undefined): TripRow {
  const row = placed(event);
  const { openedAt, entered } = before ?? { openedAt: event.at, entered: row.quantity };
  const kept = row.log?.kept ?? '0';
  return { ...row, why: clipped(row.why), openedAt, entered, kept: Number(kept) === 0 ? null : kept };
}

/** One that was opened before this process began to hear, or in a parent session: what the executor still says of it. */
export function earlierTrip({ position, at }: StreamEvent<'kpi'>, { since, ...trip }: NonNullable<DataOf<'kpi'>['open']>[number]): TripRow {
  const { quantity } = trip;
  return {
    ...trip,
    pnl: null,
    parts: {},
    why: 'opened before this page began',
    position,
    at,
    openedAt: since,
    entered: quantity,
    kept: null,
  };
}

/** Open ones stay the longest; then those of which a leg is left for somebody to look after. */
export function worthOfTrip({ state, kept }: TripRow): number {
  if (!isOver(state)) return 2;
  return kept === null ? 0 : 1;
}

export function orderRow(event: StreamEvent<'order'>): OrderRow {
  const row = placed(event);
  return { ...row, reason: row.reason === null ? null : clipped(row.reason) };
}

export function alertRow(event: StreamEvent<'alert'>): AlertRow {
  const row = placed(event);
  return { ...row, summary: clipped(row.summary), delivery: null };
}

export function delivered(row: AlertRow, { data }: StreamEvent<'alert.delivery'>): AlertRow {
  const { channel, state, tries, detail } = data;
  return { ...row, delivery: { channel: clipped(channel), state, tries, detail: detail === null ? null : clipped(detail) } };
}
