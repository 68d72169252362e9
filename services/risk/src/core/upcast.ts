import type { SessionConfig } from '@arb/shared/core';
import type { MoneyText } from '@arb/shared/money';
import { newFacts } from './facts.ts';
import type { Mode } from './mode.ts';
import { type Saved, savedOf } from './saved.ts';

/** What schema 1 wrote, as far as it outlives the session it was written in: a new schema comes with a new session. */
interface SavedOne {
  readonly config: unknown;
  readonly mode: Mode;
  readonly reservations: readonly (readonly [trip: string, coin: string, amount: MoneyText])[];
}

/** It did not keep where a trip was entered: such a trip counts for its coin and for the whole. */
const UNKNOWN = { buy: '', sell: '' };

export function fromSchemaOne({ config, mode, reservations }: SavedOne): Saved {
  const empty = savedOf(newFacts(), config) as unknown as Saved;
  return {
    ...empty,
    mode: { commanded: mode, by: 'session', why: 'as it was before', latches: [] },
    losses: { ...empty.losses, currency: config === null ? '' : (config as SessionConfig).risk.currency },
    reservations: reservations.map(([trip, coin, amount]) => [trip, { coin, ...UNKNOWN, amount }]),
  };
}
