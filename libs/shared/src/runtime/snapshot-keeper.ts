import type { JournalReader, StoredSnapshot } from './ports.ts';

export interface SnapshotKeeperOptions {
  readonly journal: JournalReader;
  readonly everyMs: number;
  /** Earlier than that, once so much has been read since the last one, but then this long after it at the least. */
  readonly everyPositions: number;
  readonly apartMs: number;
  readonly now: () => number;
  /** Up to where has been read. */
  readonly position: () => number;
  readonly probe: (point: 'snapshot-copied' | 'snapshot-saved') => void;
  /** Copies the state and hands it to `keep`, now or soon; or later, when asked again. */
  readonly copy: () => 'begun' | 'later';
  readonly failed: (why: string) => void;
  /** One was saved after the last that was not, of which `failed` was told this. */
  readonly mended: (why: string) => void;
}

/** Copies a core's state now and then, and saves each copy once all that it rests on is journaled. */
export class SnapshotKeeper {
  private readonly options: SnapshotKeeperOptions;
  private next = 0;
  /** When the last one was due, or reading began; and where it stood then. */
  private lastAt = 0;
  private lastPosition = 0;
  private wanted = false;
  private begun = false;
  private pending: StoredSnapshot | null = null;
  private saving = false;
  private last: number | null = null;
  /** Why the last one was not saved. */
  private fault: string | null = null;

  constructor(options: SnapshotKeeperOptions) {
    this.options = options;
  }

  /** Position of the newest one that is kept. */
  get kept(): number | null {
    return this.last;
  }

  /** A copy has been begun and is not saved yet. */
  get underWay(): boolean {
    return (this.wanted && this.begun) || this.pending !== null || this.saving;
  }

  /** Went on from a snapshot. */
  restoredFrom(position: number): void {
    this.last = position;
    this.lastPosition = position;
  }

  begin(): void {
    this.lastAt = this.options.now();
    this.next = this.lastAt + this.options.everyMs;
  }

  /** Several times a second while the session is live. */
  tick(committedTo: number): void {
    if (this.due() && !this.wanted && !this.underWay) {
      this.begin();
      this.lastPosition = this.options.position();
      this.take();
    } else this.retry();
    if (this.pending !== null && this.pending.position <= committedTo) this.savePending(this.pending);
  }

  private due(): boolean {
    const { now, position, everyPositions, apartMs } = this.options;
    const at = now();
    return at >= this.next || (at - this.lastAt >= apartMs && position() - this.lastPosition >= everyPositions);
  }

  take(): void {
    this.wanted = true;
    this.begun = false;
    this.retry();
  }

  /** Where it could not be copied before. */
  retry(): void {
    if (this.wanted && !this.begun && this.options.copy() === 'begun') this.begun = true;
  }

  /** What was begun will not be kept: the echoes that it waits for come on another connection. */
  forsake(): void {
    this.begun = false;
  }

  keep(snapshot: StoredSnapshot): void {
    this.wanted = false;
    this.options.probe('snapshot-copied');
    this.pending = snapshot;
  }

  /** Of the session's end, which is journaled. Rejects where it cannot be saved. */
  async saveNow(snapshot: StoredSnapshot): Promise<void> {
    await this.options.journal.saveSnapshot(snapshot);
    this.options.probe('snapshot-saved');
    this.last = snapshot.position;
  }

  private fail(why: string): void {
    this.fault = why;
    this.options.failed(why);
  }

  private mend(): void {
    const { fault } = this;
    this.fault = null;
    if (fault !== null) this.options.mended(fault);
  }

  private savePending(snapshot: StoredSnapshot): void {
    this.pending = null;
    this.saving = true;
    this.saveNow(snapshot)
      .then(
        () => this.mend(),
        (error: Error) => this.fail(`snapshot at ${snapshot.position} was not saved: ${error.message}`),
      )
      .finally(() => {
        this.saving = false;
      });
  }
}
