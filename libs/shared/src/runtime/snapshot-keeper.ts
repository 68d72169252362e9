import type { JournalReader, StoredSnapshot } from './ports.ts';

export interface SnapshotKeeperOptions {
  readonly journal: JournalReader;
  readonly everyMs: number;
  readonly now: () => number;
  readonly probe: (point: 'snapshot-copied' | 'snapshot-saved') => void;
  /** The state as it is, or null while inputs wait. */
  readonly copy: () => StoredSnapshot | null;
  readonly failed: (why: string) => void;
}

/** Copies a core's state now and then, and saves each copy once all that it rests on is journaled. */
export class SnapshotKeeper {
  private readonly options: SnapshotKeeperOptions;
  private next = 0;
  private pending: StoredSnapshot | null = null;
  private saving = false;
  private last: number | null = null;

  constructor(options: SnapshotKeeperOptions) {
    this.options = options;
  }

  /** Position of the newest one that is kept. */
  get kept(): number | null {
    return this.last;
  }

  /** Nothing waits to be saved. */
  get settled(): boolean {
    return this.pending === null && !this.saving;
  }

  /** Went on from a snapshot. */
  restoredFrom(position: number): void {
    this.last = position;
  }

  begin(): void {
    this.next = this.options.now() + this.options.everyMs;
  }

  /** Several times a second while the session is live. */
  tick(committedTo: number): void {
    const now = this.options.now();
    if (now >= this.next && this.settled && this.take()) this.next = now + this.options.everyMs;
    if (this.pending !== null && this.pending.position <= committedTo) this.savePending(this.pending);
  }

  take(): boolean {
    const snapshot = this.options.copy();
    if (snapshot === null) return false;
    this.options.probe('snapshot-copied');
    this.pending = snapshot;
    return true;
  }

  /** Of the session's end, which is journaled. Rejects where it cannot be saved. */
  async saveNow(snapshot: StoredSnapshot): Promise<void> {
    await this.options.journal.saveSnapshot(snapshot);
    this.options.probe('snapshot-saved');
    this.last = snapshot.position;
  }

  private savePending(snapshot: StoredSnapshot): void {
    this.pending = null;
    this.saving = true;
    this.saveNow(snapshot)
      .catch((error: Error) => this.options.failed(`snapshot at ${snapshot.position} was not saved: ${error.message}`))
      .finally(() => {
        this.saving = false;
      });
  }
}
