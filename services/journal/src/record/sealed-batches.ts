import { sealBatch, startChain } from '@arb/shared/journal';
import {
  Backoff,
  type Cancel,
  Deque,
  Intake,
  type JournalRow,
  type JournalStore,
  type Patience,
  type Seal,
  type Turns,
  type TurnsState,
} from '@arb/shared/runtime';
import type { CommitNews } from './commit-news.ts';
import type { RecordDeps, SessionRow } from './deps.ts';

const MAX_BATCH_ROWS = 10_000;

export interface SealedBatchesOptions {
  readonly deps: Pick<RecordDeps, 'openStore' | 'time' | 'options' | 'probe' | 'log'>;
  readonly session: SessionRow;
  readonly store: JournalStore;
  /** The last one that is in Postgres. */
  readonly seal: Seal | null;
  /** As they are after the last row that was added. */
  readonly turns: Turns;
  readonly patience: Patience;
  readonly news: CommitNews;
  /** A batch is in Postgres. */
  readonly committed: () => void;
  /** Another journal has written this session meanwhile. */
  readonly superseded: () => void;
  /** The recording is over. */
  readonly over: () => boolean;
  readonly stopping: () => boolean;
  /** An invariant broke: nothing more may be written. */
  readonly broken: () => boolean;
  readonly broke: (error: Error) => void;
}

/**
 * Rows on their way to Postgres, in order: a batch at a time, each with its seal in the same transaction. Where the
 * database is lost, they wait for the next connection, which first finds out how far the last batch has come.
 */
export class SealedBatches {
  private readonly options: SealedBatchesOptions;
  private readonly rows = new Deque<JournalRow>();
  private rowBytes = 0;
  private sealed: Seal | null;
  private inFlight: Seal | null = null;
  private timer: Cancel | null = null;
  private present: JournalStore;
  private storeReady = true;
  private lastAt: number | null = null;
  /** Something that waits for its batch is worth telling once it is committed, or is even waited for. */
  worthTelling = false;
  urgent = false;

  constructor(options: SealedBatchesOptions) {
    this.options = options;
    this.present = options.store;
    this.sealed = options.seal;
  }

  /** The connection that is there, or was last. */
  get store(): JournalStore {
    return this.present;
  }

  /** Postgres is there. */
  get ready(): boolean {
    return this.storeReady;
  }

  get seal(): Seal | null {
    return this.sealed;
  }

  /** All up to here is in Postgres. */
  get committedTo(): number {
    return this.sealed?.to ?? 0;
  }

  /** `at` of the last taken event that is. */
  get committedAt(): number | null {
    return this.lastAt;
  }

  get waiting(): number {
    return this.rows.length;
  }

  get empty(): boolean {
    return this.rows.length === 0 && this.inFlight === null;
  }

  /** No more rows may be added. */
  get full(): boolean {
    const { options } = this.options.deps;
    return this.rows.length >= options.pendingRows || this.rowBytes >= options.pendingBytes;
  }

  begin(): void {
    this.watchStore();
  }

  add(row: JournalRow): void {
    this.rows.push(row);
    this.rowBytes += row.bytes.length;
  }

  /** Writes what waits: at once where it is a whole batch, else soon. */
  schedule(): void {
    const { time, options } = this.options.deps;
    if (this.inFlight !== null || !this.storeReady) return;
    if (this.rows.length >= options.batchRows) this.flush();
    else if (this.timer === null)
      this.timer = time.after(options.batchMs, () => {
        this.timer = null;
        this.flush();
      });
  }

  end(): void {
    this.timer?.();
  }

  private flush(): void {
    const { deps, session, turns, news, committed, broken, broke } = this.options;
    if (this.inFlight !== null || !this.storeReady || this.rows.length === 0 || broken()) return;
    const batch: JournalRow[] = [];
    const most = Math.min(this.rows.length, MAX_BATCH_ROWS);
    // Turns are known after the last row read, so a batch ends there, unless a long outage has piled up too much.
    for (let i = 0; i < most; i++) batch.push(this.rows.at(i) as JournalRow);
    const from = (batch[0] as JournalRow).position;
    const to = (batch[batch.length - 1] as JournalRow).position;
    const chain = sealBatch(this.sealed ?? startChain(), batch, from, to);
    const after = most === this.rows.length ? turns.save() : this.turnsAfter(batch);
    const seal: Seal = { from, to, ...chain, turns: JSON.stringify(after) };
    this.inFlight = seal;
    const { worthTelling, urgent } = this;
    this.worthTelling = false;
    this.urgent = false;
    const store = this.present;
    deps.probe('before-append');
    const appending = store.append(session, batch, seal).then(
      () => {
        if (this.present !== store) return;
        deps.probe('after-append');
        this.committed(seal);
        news.add(worthTelling, urgent);
        committed();
        if (this.rows.length > 0) this.schedule();
      },
      (error: Error) => {
        this.worthTelling ||= worthTelling;
        this.urgent ||= urgent;
        if (this.present === store) this.storeLost(error.message);
      },
    );
    // What breaks while a commit is told breaks the recording, not only this promise.
    appending.catch((error: Error) => broke(error));
  }

  private committed(seal: Seal): void {
    while ((this.rows.first()?.position ?? Number.POSITIVE_INFINITY) <= seal.to) {
      const row = this.rows.shift() as JournalRow;
      this.rowBytes -= row.bytes.length;
      if (row.at !== null && row.taken) this.lastAt = row.at;
    }
    this.sealed = seal;
    this.inFlight = null;
  }

  /** Turns after a part of what was read: judged again from the last seal on. */
  private turnsAfter(batch: readonly JournalRow[]): TurnsState {
    const intake = new Intake(this.options.session.id, new Set(['all']));
    if (this.sealed !== null) intake.turns.load(JSON.parse(this.sealed.turns));
    for (const row of batch) intake.judge(row);
    return intake.turns.save();
  }

  private watchStore(): void {
    const store = this.present;
    void store.lost.then((why) => {
      if (this.present === store && !this.options.over()) this.storeLost(why);
    });
  }

  /** Postgres is away. The clock goes on, so that everybody sees the journal fall behind; nothing is journaled meanwhile. */
  private storeLost(why: string): void {
    if (!this.storeReady || this.options.over()) return;
    this.storeReady = false;
    this.options.patience.notice(`Postgres: ${why}`);
    void this.reopen();
  }

  private async reopen(): Promise<void> {
    const { deps, patience, news, superseded, over, stopping } = this.options;
    const backoff = new Backoff(deps.options.backoffMs);
    for (;;) {
      const old = this.present;
      void old.close().catch((error: Error) => deps.log('debug', `closing the lost store: ${error.message}`));
      await patience.pause(backoff.take());
      if (over() || (stopping() && this.rows.length === 0)) return;
      const store = deps.openStore();
      this.present = store;
      try {
        if (!(await store.lock())) {
          patience.notice('another journal holds the lock');
          continue;
        }
        const found = await this.whatIsWritten(store);
        if (found === 'by another') {
          superseded();
          return;
        }
        // The commit whose answer was lost may have happened.
        if (found !== null && found.to === this.inFlight?.to) this.committed(found);
        this.inFlight = null;
        this.storeReady = true;
        patience.trouble = null;
        news.add(true, false);
        this.watchStore();
        this.schedule();
        return;
      } catch (error) {
        patience.notice(`Postgres: ${(error as Error).message}`);
      }
    }
  }

  /** The last seal in Postgres: what was committed here, or what was on its way there. */
  private async whatIsWritten(store: JournalStore): Promise<Seal | null | 'by another'> {
    const { session } = this.options;
    const row = await store.session(session.id);
    const last = await store.lastSeal(session.id);
    const to = last?.to ?? 0;
    if (row === null || row.end !== null) return 'by another';
    const expected = to === this.inFlight?.to ? this.inFlight : this.sealed;
    if (to !== (expected?.to ?? 0) || (last !== null && last.head !== expected?.head)) return 'by another';
    return last;
  }
}
