import type { JournalReader, JournalRow, JournalStore, Seal, SessionRow, StoredSnapshot } from '../../runtime/ports.ts';
import type { Process } from '../process.ts';
import type { Random, Range } from '../random.ts';
import type { World } from '../world.ts';
import { SimStore } from './store.ts';

export interface DatabaseOptions {
  readonly latencyMicros?: Range;
  /** How long the server keeps a lost connection (and its lock) open. */
  readonly lingerMs?: Range;
}

/** What is committed. Everything the checkers want to know about the journal is here. */
export class Database {
  readonly sessions = new Map<string, SessionRow>();
  readonly rows = new Map<string, JournalRow[]>();
  readonly seals = new Map<string, Seal[]>();
  snapshots: StoredSnapshot[] = [];
  readonly stores = new Set<SimStore>();
  lockHolder: SimStore | null = null;
  readonly random: Random;
  readonly latencyMicros: Range;
  readonly lingerMs: Range;
  private downUntil = 0;
  private downWhy = '';
  private snapshotsAwayUntil = 0;

  constructor(
    readonly world: World,
    options: DatabaseOptions = {},
  ) {
    this.random = world.random.fork('database');
    this.latencyMicros = options.latencyMicros ?? { least: 150, most: 6000 };
    this.lingerMs = options.lingerMs ?? { least: 0, most: 8000 };
  }

  reader(process: Process): JournalReader {
    return new SimStore(this, process);
  }

  /** One writer's connection: it lives once, as a `Link` does. */
  store(process: Process): JournalStore {
    return new SimStore(this, process);
  }

  latency(): number {
    return this.random.delay(this.latencyMicros);
  }

  /** The sentence with which a call is refused now, or null. */
  away(touchesSnapshots: boolean): string | null {
    if (this.world.now < this.downUntil) return this.downWhy;
    if (touchesSnapshots && this.world.now < this.snapshotsAwayUntil) return 'the snapshots cannot be reached';
    return null;
  }

  rowsOf(session: string): readonly JournalRow[] {
    return this.rows.get(session) ?? [];
  }

  headOf(session: string): number {
    return this.seals.get(session)?.at(-1)?.to ?? 0;
  }

  // ---- what scenarios do to it --------------------------------------------------------------------------------------

  /** Every call is refused for a while; connections and the lock stay. */
  outage(ms: number, why = 'the database does not accept statements'): void {
    this.world.trace('database', 'outage', ms);
    this.downUntil = Math.max(this.downUntil, this.world.now + Math.round(ms * 1000));
    this.downWhy = why;
  }

  /** All connections end at once, the lock is free; what was not committed is rolled back. */
  restart(downMs: number): void {
    this.outage(downMs, 'the database is starting up');
    for (const store of [...this.stores]) store.cut({ serverAfterMs: 0 });
  }

  /** The writer's connection of this process breaks; each side learns of it in its own time. */
  cutConnections(processName: string): void {
    for (const store of [...this.stores]) if (store.process.name === processName) store.cut();
  }

  snapshotsUnreachable(ms: number): void {
    this.world.trace('database', 'snapshots unreachable', ms);
    this.snapshotsAwayUntil = this.world.now + Math.round(ms * 1000);
  }

  /** Flips one character in the body of the newest snapshot that fits; false when there is none. */
  corruptSnapshot(which: (snapshot: StoredSnapshot) => boolean = () => true): boolean {
    let found = -1;
    this.snapshots.forEach((snapshot, i) => {
      const best = this.snapshots[found];
      if (snapshot.body.length > 0 && which(snapshot) && (best === undefined || snapshot.position >= best.position)) found = i;
    });
    const snapshot = this.snapshots[found];
    if (snapshot === undefined) return false;
    const at = this.random.below(snapshot.body.length);
    const flipped = String.fromCharCode(snapshot.body.charCodeAt(at) ^ 1);
    this.snapshots[found] = { ...snapshot, body: snapshot.body.slice(0, at) + flipped + snapshot.body.slice(at + 1) };
    this.world.trace('database', 'corrupts the snapshot of', snapshot.service, snapshot.position, at);
    return true;
  }
}
