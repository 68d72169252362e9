import type { AnyEvent } from '@arb/shared/contracts';

/** What people want to see of a configuration at a glance. */
export interface ConfigSummary {
  readonly source: string | null;
  readonly coins: number | null;
  readonly venues: readonly string[];
  readonly numeraire: string | null;
  readonly minEdgeBps: number | null;
  readonly notional: string | null;
  readonly maxExposure: string | null;
  readonly maxPerCoin: string | null;
  readonly fillModel: string | null;
}

export type Stage = 'waiting' | 'catching up' | 'live' | 'stopping' | 'stopped';

export interface SessionFacts {
  readonly id: string | null;
  readonly stage: Stage;
  /** Why it stops or stopped, or went on. */
  readonly why: string | null;
  /** First position this view heard: what happened before it is not in the numbers. */
  readonly from: number | null;
  /** As the session began; null where its first event was not heard. */
  readonly startMode: string | null;
  readonly startedAt: number | null;
  readonly seed: string | null;
  readonly configHash: string | null;
  readonly parent: { readonly session: string; readonly position: number; readonly reason: string } | null;
  readonly config: ConfigSummary | null;
}

export const NO_SESSION: SessionFacts = {
  id: null,
  stage: 'waiting',
  why: null,
  from: null,
  startMode: null,
  startedAt: null,
  seed: null,
  configHash: null,
  parent: null,
  config: null,
};

/** The session's facts after one more of its events. */
export function afterEvent(facts: SessionFacts, event: AnyEvent): SessionFacts {
  switch (event.type) {
    case 'session.started': {
      const { config, configHash, mode, parent, seed } = event.data;
      return {
        ...facts,
        startMode: mode,
        startedAt: event.at,
        seed,
        configHash,
        parent: parent === null ? null : { session: parent.session, position: parent.position, reason: parent.reason },
        config: summaryOf(config),
      };
    }
    case 'session.resumed':
      return { ...facts, why: `resumed, term ${event.data.term}` };
    case 'session.stopping':
      return { ...facts, stage: 'stopping', why: event.data.reason };
    case 'session.stopped':
      return { ...facts, stage: 'stopped', why: event.data.reason };
    default:
      return facts;
  }
}

const MOST_VENUES = 16;

/** Reads a configuration of any version: what is not there is not known. */
export function summaryOf(config: unknown): ConfigSummary {
  const coins = at(config, 'market', 'coins');
  const venues = at(config, 'market', 'venues');
  return {
    source: textOf(at(config, 'market', 'source')),
    coins: Array.isArray(coins) ? coins.length : null,
    venues: Array.isArray(venues) ? venues.slice(0, MOST_VENUES).flatMap((venue) => textOf(at(venue, 'name')) ?? []) : [],
    numeraire: textOf(at(config, 'aggregator', 'numeraire')),
    minEdgeBps: numberOf(at(config, 'strategy', 'minEdgeBps')),
    notional: textOf(at(config, 'strategy', 'notional')),
    maxExposure: textOf(at(config, 'risk', 'maxExposure')),
    maxPerCoin: textOf(at(config, 'risk', 'maxPerCoin')),
    fillModel: textOf(at(config, 'executor', 'fillModel')),
  };
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
