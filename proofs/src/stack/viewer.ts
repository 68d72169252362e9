import { createHash } from 'node:crypto';
import { rootOf, scan } from '@arb/shared/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';

export interface Committed {
  readonly session: string;
  readonly to: number;
  readonly head: string;
}

/** One event as somebody outside saw it go by. */
export interface Seen {
  readonly session: string;
  readonly source: string;
  readonly n: number;
  readonly type: string;
  readonly subject: string;
  /** SHA-256 of the bytes. */
  readonly sha256: string;
  /** Wall time, ms. */
  readonly at: number;
}

/** A person with `nats sub`: no credentials, no position, only what goes by. */
export interface Viewer {
  readonly committed: readonly Committed[];
  seen(): IterableIterator<Seen>;
  /** Turns that were seen with two different contents: an output that was derived again and came out otherwise. */
  readonly contradictions: readonly string[];
  /** Of all sessions, or of one. */
  count(type: string, session?: string): number;
  /** Calls once, at once, when the next of this type goes by. */
  onNext(type: string, call: () => void): void;
  close(): Promise<void>;
}

const KEPT = new Set(['book', 'decision', 'verdict', 'order', 'fill', 'position', 'balance']);
const MOST_KEPT = 2_000_000;

export async function openViewer(natsUrl: string): Promise<Viewer> {
  const nc: NatsConnection = await connect({
    servers: natsUrl,
    name: 'proof viewer',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 0,
  });
  const committed: Committed[] = [];
  const events = new Map<string, Seen>();
  const contradictions: string[] = [];
  const counts = new Map<string, number>();
  const nexts = new Map<string, (() => void)[]>();

  function see(subject: string, bytes: Uint8Array): void {
    const header = scan(subject, bytes);
    if (typeof header === 'string') return;
    const { session, source, n } = header;
    const { type } = header.kind;
    for (const name of [type, `${type} ${session}`]) counts.set(name, (counts.get(name) ?? 0) + 1);
    const waiting = nexts.get(type);
    if (waiting !== undefined) {
      nexts.delete(type);
      for (const call of waiting) call();
    }
    if (type === 'journal.committed') {
      const { data } = JSON.parse(Buffer.from(bytes).toString()) as { data: { to: number; head: string } };
      committed.push({ session, to: data.to, head: data.head });
      return;
    }
    if (!KEPT.has(type)) return;
    const key = `${session} ${source} ${rootOf(subject)} ${n}`;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const before = events.get(key);
    if (before === undefined) {
      // Thrown here it would end the client's reading without a word.
      if (events.size >= MOST_KEPT) contradictions.push(`more than ${MOST_KEPT} events were seen: run the proof for a shorter time`);
      else events.set(key, { session, source, n, type, subject, sha256, at: Date.now() });
    } else if (before.sha256 !== sha256) contradictions.push(`${type} ${n} of ${source} in ${session} on ${subject}`);
  }

  for (const subject of ['journal.committed', 'quarantine', 'l2.>', ...[...KEPT].map((root) => `${root}.>`)])
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) see(message.subject, message.data);
      },
    });
  await nc.flush();
  return {
    committed,
    seen: () => events.values(),
    contradictions,
    count: (type, session) => counts.get(session === undefined ? type : `${type} ${session}`) ?? 0,
    onNext(type, call) {
      nexts.set(type, [...(nexts.get(type) ?? []), call]);
    },
    close: () => nc.close(),
  };
}
