import { type EventType, KINDS, SERVICES, subjectOf, type Writer, writesOf } from '@arb/shared/contracts';
import { plainOf, wireOf } from '@arb/shared/nats';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';

export const WRITERS: readonly Writer[] = [...SERVICES, 'cli'];

/** One subject of each kind of event, as it would be spelled. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  command: ['halt'],
  book: ['upbit', 'BTC-KRW'],
  trade: ['upbit', 'BTC-KRW'],
  fx: ['KRW-USDT'],
  health: ['upbit'],
  l2: ['BTC'],
  decision: ['BTC'],
  verdict: ['BTC'],
  order: ['upbit', 'BTC-KRW'],
  fill: ['upbit', 'BTC-KRW'],
  position: ['BTC'],
  balance: ['upbit'],
  alert: ['p1'],
};

/** Subjects that this writer must not publish: those of all others, and the heartbeat and lease of all others. */
export function foreignSubjects(writer: Writer): readonly string[] {
  const own = new Set(writesOf(writer).map(({ root, type }) => (root === 'session' || root === 'journal' ? type : root)));
  const others = KINDS.filter(({ root, type }) => root !== 'service' && root !== 'lease' && !own.has(root) && !own.has(type));
  const spoken = SERVICES.filter((service) => service !== writer).flatMap((service) => [`service.${service}`, `lease.${service}`]);
  return [...new Set(others.map(({ root, type }) => subjectOf(type as EventType, ...(EXAMPLES[root] ?? [])))), ...spoken];
}

/** What only the journal may ask of JetStream. */
export function managementOf(stream: string): readonly string[] {
  return ['CREATE', 'UPDATE', 'PURGE', 'DELETE'].map((act) => `$JS.API.STREAM.${act}.${stream}`);
}

export interface Attempt {
  readonly refused: ReadonlySet<string>;
  /** The server's own words for the first refusal. */
  readonly words: string | null;
}

/** Publishes on each subject and collects which of them the server refuses. */
export async function tryToPublish(nc: NatsConnection, subjects: readonly string[], payload: string): Promise<Attempt> {
  const refused = new Set<string>();
  let words: string | null = null;
  const watch = (async () => {
    for await (const status of nc.status()) {
      if (status.type !== 'error' || !(status.error instanceof errors.PermissionViolationError)) continue;
      refused.add(plainOf(status.error.subject));
      words ??= status.error.message;
    }
  })();
  for (const subject of subjects) nc.publish(wireOf(subject), payload);
  // Refusals come before the answer to this ping.
  await nc.flush();
  await nc.close();
  await watch;
  return { refused, words };
}

export function login(servers: string, user?: string, pass?: string): Promise<NatsConnection> {
  return connect({
    servers,
    reconnect: false,
    name: 'proof',
    ...(user === undefined ? {} : { user, pass: pass ?? '', inboxPrefix: `_INBOX_${user}` }),
  });
}
