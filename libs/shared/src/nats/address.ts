import { echoRootsOf, ROOTS, rootOf, rootsOf, SERVICES, type ServiceName } from '../contracts/index.ts';

/**
 * On the wire each subject is preceded by whom it is for: `ev._._.s.r._._.d.l2.BTC`. A consumer of this server has one
 * filter only; with the readers in the subject, one filter gives a service all that it reads, in the stream's order, and
 * wakes it for nothing else. What it says itself and reads only to know that it has arrived stands in its place as a
 * capital, for a consumer of its own. Made from the table of events. People see plain subjects: the viewer's account imports each
 * root under its own name (see `config.ts`).
 */
const LETTERS: Readonly<Record<Addressee, string>> = {
  'market-data': 'm',
  aggregator: 'a',
  strategy: 's',
  risk: 'r',
  executor: 'x',
  alerting: 'l',
  dashboard: 'd',
};
/** The journal reads everything, so nothing need be addressed to it. */
export type Addressee = Exclude<ServiceName, 'journal'>;
const ADDRESSEES = SERVICES.filter((service): service is Addressee => service !== 'journal');

const FIRST = 'ev';
const LENGTH = FIRST.length + 1 + ADDRESSEES.length * 2;
const PREFIXES: ReadonlyMap<string, string> = new Map(ROOTS.map((root) => [root, prefixOf(root)]));

function prefixOf(root: string): string {
  return `${[FIRST, ...ADDRESSEES.map((service) => mark(service, root))].join('.')}.`;
}

function mark(service: Addressee, root: string): string {
  if (echoRootsOf(service).has(root)) return LETTERS[service].toUpperCase();
  return rootsOf(service).has(root) ? LETTERS[service] : '_';
}

/** Subjects and patterns alike; what is no subject of the table (`closed.<id>`, `replay.<run>.…`) stays as it is. */
export function wireOf(subject: string): string {
  const prefix = PREFIXES.get(rootOf(subject));
  return prefix === undefined ? subject : prefix + subject;
}

export function plainOf(wire: string): string {
  return wire.startsWith(`${FIRST}.`) ? wire.slice(LENGTH) : wire;
}

/** All that is addressed to a service but its echoes. */
export function filterOf(service: ServiceName): string | null {
  return service === 'journal' ? null : filter(service, LETTERS[service]);
}

/** What a service says itself and reads only to know that it has arrived. */
export function echoFilterOf(service: Addressee): string {
  return filter(service, LETTERS[service].toUpperCase());
}

function filter(service: ServiceName, letter: string): string {
  return `${[FIRST, ...ADDRESSEES.map((other) => (other === service ? letter : '*'))].join('.')}.>`;
}

/** Everything on the wire that is addressed at all. */
export const WIRE = `${FIRST}.>`;
