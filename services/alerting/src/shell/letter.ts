import type { DataOf, PositionRef, StreamEvent } from '@arb/shared/contracts';

/** An alert on its way to people: with where it stands, and which event it is about. */
export interface Letter {
  readonly alert: DataOf<'alert'>;
  readonly session: string;
  /** Of the alert itself; 0 where it came over from the parent session. */
  readonly position: number;
  /** µs. */
  readonly at: number;
  /** The event that began it. */
  readonly about: PositionRef | null;
  /** Of a message that is sent once more: the one channel that it is for. */
  readonly only?: string;
}

export function letterOf(event: StreamEvent<'alert'>): Letter {
  const { data, session, position, at, basis, cause } = event;
  return { alert: data, session, position, at, about: basis?.[0] ?? cause };
}

/** What an alert's channels made of it, one for each that it is meant for. */
export type Outcome = DataOf<'alert.delivery'>;
