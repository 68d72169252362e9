import { type AnyEvent, LEASED_SERVICES, type LeasedServiceName, type Scanned, writerOf } from '../contracts/index.ts';

/** A lease that is not renewed ends after this much clock time. */
export const LEASE_MICROS = 2_000_000;
/** Sources remembered of each root; each restart of a process adds one. Beyond it the oldest boots are forgotten. */
const MAX_SOURCES = 4_096;

export type Turn =
  /** In turn, by a source that may speak. */
  | 'taken'
  /** Doubled, late, or after a hole: as if it had never been sent. */
  | 'out-of-turn'
  | 'other-session'
  /** In turn, but from a boot that does not hold the lease of this subject: counted, not listened to. */
  | 'not-holder';

/** Who may be held to a boot: the leased services, and the journal, whose lease does not end by itself. */
export type Holder = LeasedServiceName | 'journal';

interface LeaseState {
  boot: string;
  term: number;
  endsAt: number;
}

export interface TurnsState {
  readonly last: readonly (readonly [root: string, source: string, n: number])[];
  readonly leases: readonly (readonly [service: string, boot: string, term: number, endsAt: number])[];
  readonly clock: number;
}

/**
 * Who is in which turn. Each source counts by itself in each root of the stream's subjects, so whoever reads whole roots
 * can judge what it reads. A function of the messages in their order and of nothing else, so that all readers agree on
 * what is taken, whatever they skip: it looks at headers, clocks and leases only.
 */
export class Turns {
  private readonly session: string;
  private last = new Map<string, Map<string, number>>();
  private leases = new Map<Holder, LeaseState>();
  private clockAt = 0;

  constructor(session: string) {
    this.session = session;
  }

  /** The highest clock taken, µs. */
  get clock(): number {
    return this.clockAt;
  }

  lastOf(source: string, root: string): number {
    return this.last.get(root)?.get(source) ?? 0;
  }

  /** In each root where this source has spoken, its last number. */
  lastByRoot(source: string): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [root, sources] of this.last) {
      const n = sources.get(source);
      if (n !== undefined) found.set(root, n);
    }
    return found;
  }

  holderOf(
    service: Holder,
  ): { readonly boot: string; readonly term: number; readonly running: boolean; readonly released: boolean } | null {
    const lease = this.leases.get(service);
    return lease === undefined
      ? null
      : { boot: lease.boot, term: lease.term, running: lease.endsAt > this.clockAt, released: lease.endsAt === 0 };
  }

  /** Judges a message by its header; one that is in turn is counted at once, whatever becomes of its body. */
  judge(header: Scanned): Turn {
    if (header.session !== this.session) return 'other-session';
    let sources = this.last.get(header.kind.root);
    const before = sources?.get(header.source);
    if (header.n !== (before ?? 0) + 1) return 'out-of-turn';
    if (sources === undefined) {
      sources = new Map();
      this.last.set(header.kind.root, sources);
    }
    if (before === undefined && sources.size >= MAX_SOURCES) this.forgetOldest(sources);
    // The least recently heard are forgotten first; only where that may come soon is it worth keeping their order.
    if (sources.size > MAX_SOURCES / 2) sources.delete(header.source);
    sources.set(header.source, header.n);
    const guarded = header.kind.lease;
    if (guarded === null) return 'taken';
    const holder = this.leases.get(guarded);
    return holder !== undefined && header.source.endsWith(`/${holder.boot}`) ? 'taken' : 'not-holder';
  }

  /** Every reader hands in what it took of these types. */
  static concerns(type: string): boolean {
    return type === 'clock' || type === 'lease' || type === 'session.started' || type === 'session.resumed';
  }

  learn(event: AnyEvent): void {
    if (event.type === 'clock') {
      if (event.at > this.clockAt) this.clockAt = event.at;
      return;
    }
    if (event.type === 'session.started') {
      if (event.position !== 1) return;
      this.clockAt = Math.max(this.clockAt, event.at);
      this.leases.set('journal', { boot: event.data.boot, term: 0, endsAt: Number.MAX_SAFE_INTEGER });
      return;
    }
    if (event.type === 'session.resumed') {
      const { boot, term } = event.data;
      if (!event.source.endsWith(`/${boot}`) || term !== (this.leases.get('journal')?.term ?? 0) + 1) return;
      this.leases.set('journal', { boot, term, endsAt: Number.MAX_SAFE_INTEGER });
      return;
    }
    if (event.type !== 'lease') return;
    const { service, boot, term, act } = event.data;
    if (
      !(LEASED_SERVICES as readonly string[]).includes(service) ||
      writerOf(event.source) !== service ||
      !event.source.endsWith(`/${boot}`)
    )
      return;
    const name = service as LeasedServiceName;
    const present = this.leases.get(name);
    if (act === 'claim') {
      if (term !== (present?.term ?? 0) + 1) return;
      if (present !== undefined && present.endsAt > this.clockAt) return;
      this.leases.set(name, { boot, term, endsAt: this.clockAt + LEASE_MICROS });
      return;
    }
    if (present === undefined || present.boot !== boot || present.term !== term) return;
    present.endsAt = act === 'renew' ? this.clockAt + LEASE_MICROS : 0;
  }

  /** Of these roots, or of all. */
  save(roots?: ReadonlySet<string>): TurnsState {
    return {
      last: [...this.last]
        .filter(([root]) => roots === undefined || roots.has(root))
        .flatMap(([root, sources]) => [...sources].map(([source, n]) => [root, source, n] as const)),
      leases: [...this.leases].map(([service, lease]) => [service, lease.boot, lease.term, lease.endsAt] as const),
      clock: this.clockAt,
    };
  }

  load(state: TurnsState): void {
    this.last = new Map();
    for (const [root, source, n] of state.last) {
      const sources = this.last.get(root);
      if (sources === undefined) this.last.set(root, new Map([[source, n]]));
      else sources.set(source, n);
    }
    this.leases = new Map(state.leases.map(([service, boot, term, endsAt]) => [service as Holder, { boot, term, endsAt }]));
    this.clockAt = state.clock;
  }

  private forgetOldest(sources: Map<string, number>): void {
    const holders = new Set([...this.leases.values()].map(({ boot }) => boot));
    for (const source of sources.keys()) {
      const slash = source.indexOf('/');
      // Cores have one source for ever, and whoever holds a lease is listened to.
      if (slash < 0 || holders.has(source.slice(slash + 1))) continue;
      sources.delete(source);
      return;
    }
  }
}
