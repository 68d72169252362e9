import type { StreamEvent } from '@arb/shared/contracts';

/** One process as it last spoke of itself. */
export interface ServiceRow {
  readonly service: string;
  readonly boot: string;
  readonly version: string | null;
  readonly replica: number | null;
  readonly heardAt: number;
  readonly ready: boolean;
  /** It said that it leaves: its silence is no failure. */
  readonly left: boolean;
  readonly position: number | null;
  readonly lagPositions: number | null;
  readonly lagMs: number | null;
  readonly unconfirmed: number | null;
  readonly rssMb: number | null;
  readonly trouble: string | null;
  readonly holdsLease: boolean;
}

const MOST_PROCESSES = 64;
/** A boot that was silent this long when another one of its service speaks is not coming back. */
const GONE_MICROS = 10_000_000;

/** The processes of the session, by boot: replicas of a service stand side by side, what was restarted is forgotten. */
export interface Roster {
  started(event: StreamEvent<'service.started'>): void;
  heartbeat(event: StreamEvent<'service.heartbeat'>): void;
  stopping(event: StreamEvent<'service.stopping'>): void;
  lease(event: StreamEvent<'lease'>): void;
  all(): readonly ServiceRow[];
  clear(): void;
}

export function makeRoster(): Roster {
  const rows = new Map<string, Omit<ServiceRow, 'holdsLease'>>();
  const holders = new Map<string, string>();

  function put(row: Omit<ServiceRow, 'holdsLease'>): void {
    for (const [boot, other] of rows) {
      if (boot === row.boot || other.service !== row.service) continue;
      const replaced = row.replica !== null && other.replica === row.replica;
      if (replaced || other.left || row.heardAt - other.heardAt > GONE_MICROS) rows.delete(boot);
    }
    rows.delete(row.boot);
    if (rows.size >= MOST_PROCESSES) rows.delete(rows.keys().next().value as string);
    rows.set(row.boot, row);
  }

  return {
    started({ subject, at, data }) {
      put({
        service: subject.slice('service.'.length),
        boot: data.boot,
        version: data.version,
        replica: data.replica,
        heardAt: at,
        ready: false,
        left: false,
        position: null,
        lagPositions: null,
        lagMs: null,
        unconfirmed: null,
        rssMb: null,
        trouble: null,
      });
    },
    heartbeat({ subject, at, data }) {
      const known = rows.get(data.boot);
      put({
        service: subject.slice('service.'.length),
        boot: data.boot,
        version: known?.version ?? null,
        replica: known?.replica ?? null,
        heardAt: at,
        ready: data.ready,
        left: false,
        position: data.position,
        lagPositions: data.lagPositions,
        lagMs: data.lagMs,
        unconfirmed: data.unconfirmed,
        rssMb: data.rssMb,
        trouble: data.trouble === null ? null : data.trouble.slice(0, 500),
      });
    },
    stopping({ at, data }) {
      const known = rows.get(data.boot);
      if (known === undefined) return;
      // Where another of its service has spoken it is replaced, and nobody misses it.
      if ([...rows.values()].some(({ service, boot }) => service === known.service && boot !== known.boot)) rows.delete(data.boot);
      else rows.set(data.boot, { ...known, heardAt: at, ready: false, left: true });
    },
    lease({ data }) {
      // Of several claims only the first counts; who renews is the one that has it.
      if (data.act === 'renew') holders.set(data.service, data.boot);
      else if (data.act === 'release' && holders.get(data.service) === data.boot) holders.delete(data.service);
    },
    all: () =>
      [...rows.values()]
        .map((row) => ({ ...row, holdsLease: holders.get(row.service) === row.boot }))
        .sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : a.boot < b.boot ? -1 : 1)),
    clear() {
      rows.clear();
      holders.clear();
    },
  };
}
