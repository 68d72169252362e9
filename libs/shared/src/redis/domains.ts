import { CATALOG, type EventType } from '../contracts/index.ts';
import { count, nullable, number, oneOf, record, type Shape, text } from '../contracts/shape.ts';

/** What is kept of a domain, and for how long nobody has to say it again. */
export interface DomainPolicy {
  /** Null: it stays until somebody takes it away. Redis may throw away only what has a time to live. */
  readonly ttlSeconds: number | null;
  /** Of its values, as JSON; null where they are no single values. */
  readonly value: Shape<unknown> | null;
  readonly says: string;
}

/** The newest of its kind with where and when it stood in the stream. */
const newest = (type: EventType): Shape<unknown> => record({ position: count, at: count, data: CATALOG[type].shape as Shape<unknown> });

const best = nullable(record({ price: number, size: number, venue: text }));
export const top = record({
  position: count,
  at: count,
  numeraire: text,
  bid: best,
  ask: best,
  venues: record({ fresh: count, stale: count, absent: count }),
});
export const sessionFacts = record({
  id: text,
  stage: oneOf('live', 'ended'),
  mode: nullable(text),
  startedAt: nullable(count),
  configHash: nullable(text),
  parent: nullable(record({ session: text, position: count })),
  position: count,
  clock: nullable(count),
  committed: nullable(count),
});

/** What changes with every book is gone soon after the books are; what changes seldom is said again before it ends. */
export const DOMAINS = {
  l2: { ttlSeconds: 10, value: top, says: 'best prices of a coin over its venues' },
  position: { ttlSeconds: 60, value: newest('position'), says: 'a round trip that is open' },
  balance: { ttlSeconds: 60, value: newest('balance'), says: 'what a venue holds' },
  guard: { ttlSeconds: 120, value: newest('guard'), says: 'how free trading is' },
  health: { ttlSeconds: 60, value: newest('health'), says: 'how a venue does' },
  kpi: { ttlSeconds: 120, value: newest('kpi'), says: 'how trading goes' },
  session: { ttlSeconds: 30, value: sessionFacts, says: 'the session itself' },
  alerts: { ttlSeconds: null, value: null, says: 'alerts that wait to be sent' },
} as const satisfies Readonly<Record<string, DomainPolicy>>;
export type Domain = keyof typeof DOMAINS;

export function policyOf(domain: string): DomainPolicy | null {
  return Object.hasOwn(DOMAINS, domain) ? DOMAINS[domain as Domain] : null;
}
