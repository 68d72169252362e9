/** Every service that speaks on the stream. A process publishes only what this list's name is allowed to (see `catalog.ts`). */
export const SERVICES = ['market-data', 'aggregator', 'strategy', 'risk', 'executor', 'alerting', 'journal', 'dashboard'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Services whose outputs are derived by a deterministic core; in the order in which one book update meets them. */
export const CORE_SERVICES = ['aggregator', 'strategy', 'risk', 'executor', 'alerting'] as const;
export type CoreServiceName = (typeof CORE_SERVICES)[number];

/** Those on the way from a book to an order: woken for every message. The others look many times a second. */
export const HURRIED: readonly ServiceName[] = ['aggregator', 'strategy', 'risk', 'executor'];

/**
 * Services that touch the world and may do so only while they hold the lease of their name. The journal is none of
 * them: Postgres' lock says who writes, and `session.started` and `session.resumed` name that boot on the stream.
 */
export const LEASED_SERVICES = ['market-data', 'alerting'] as const;
export type LeasedServiceName = (typeof LEASED_SERVICES)[number];

/** Whoever may publish: the services and the people's command line. */
export type Writer = ServiceName | 'cli';

/** Text on the left of the first slash of a source: `risk/k3f9a2b1` → `risk`. */
export function writerOf(source: string): string {
  const slash = source.indexOf('/');
  return slash < 0 ? source : source.slice(0, slash);
}

/** The stream of a session; a stream name may hold no dot, blank or wildcard, so a session id holds none either. */
export function streamOf(session: string): string {
  return `SESSION_${session}`;
}

export const SESSION_ID = /^[A-Za-z0-9-]{1,40}$/;
