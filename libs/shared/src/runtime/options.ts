/** Bounds and rhythms of the runtime; the defaults are what production runs. */
export interface RuntimeOptions {
  /** 0 publishes at once; a replica above 0 publishes only what it has not read back after `patienceMs`. */
  readonly replica: number;
  readonly patienceMs: number;
  /** More outputs than this are never unconfirmed: inputs wait instead. */
  readonly window: number;
  /** Inputs that wait; beyond it the process exits and recovers from the journal at its own pace. */
  readonly queueEvents: number;
  readonly journalPage: number;
  /** A snapshot so often, and earlier after so many positions: whoever starts reads hardly more than these. */
  readonly snapshotEveryMs: number;
  readonly snapshotEveryPositions: number;
  /** However much is read, not more often than this. */
  readonly snapshotApartMs: number;
  readonly heartbeatMs: number;
  readonly tickMs: number;
  /** An output not read back after this long is asked after. */
  readonly askAfterMs: number;
  readonly backoffMs: readonly [first: number, most: number];
  /** Behind by more than this, a process is as patient as a standby. */
  readonly behindMs: number;
  /** What has been in the stream for less than this is still there; the journal drops nothing from it so soon. */
  readonly trustStreamMs: number;
}

export const RUNTIME_DEFAULTS: RuntimeOptions = {
  replica: 0,
  patienceMs: 20,
  window: 1_000,
  queueEvents: 50_000,
  journalPage: 2_000,
  snapshotEveryMs: 10_000,
  snapshotEveryPositions: 20_000,
  snapshotApartMs: 2_000,
  heartbeatMs: 1_000,
  tickMs: 50,
  askAfterMs: 250,
  backoffMs: [250, 5_000],
  behindMs: 250,
  trustStreamMs: 20_000,
};

export class Backoff {
  private next: number;
  private readonly first: number;
  private readonly most: number;

  constructor([first, most]: readonly [number, number]) {
    this.first = first;
    this.most = most;
    this.next = first;
  }

  take(): number {
    const wait = this.next;
    this.next = Math.min(this.most, wait * 2);
    return wait;
  }

  reset(): void {
    this.next = this.first;
  }
}
