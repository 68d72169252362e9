import type { Cancel, Log, Time } from '@arb/shared/runtime';

/** What is said past the stream, and where the runbook says what to do. */
export interface Call {
  readonly severity: 'P0' | 'P3';
  readonly summary: string;
  readonly sinceMicros: number;
  readonly runbook: string;
}

export interface DeadManOptions {
  readonly time: Time;
  readonly log: Log;
  /** Says it to people past stream and journal, which cannot carry it: no event can tell that they are gone. */
  readonly call: (call: Call) => void;
  /** Asked for outside while all is well; whoever waits there calls when it stays away. Null for none. */
  readonly ping: (() => Promise<void>) | null;
}

const STREAM_MS = 5_000;
/** An alert is delivered once it is journaled: while nothing is, this is the only voice. */
const JOURNAL_MS = 10_000;
const PING_MS = 30_000;
const TICK_MS = 500;
/** While it lasts people are called again, as for any P0: one message may not have woken them, or not have arrived. */
const LAST_MINUTES = 60;
const AGAIN_MINUTES: readonly number[] = [5, 15, LAST_MINUTES];

/** One thing that must go on: when it last did, and whether people were called because it did not. */
class Vigil {
  private readonly options: DeadManOptions;
  private readonly longestMs: number;
  private readonly gone: string;
  private readonly back: string;
  private readonly runbook: string;
  private at = 0;
  private wall = 0;
  private calls = 0;

  constructor(
    options: DeadManOptions,
    longestMs: number,
    says: { readonly gone: string; readonly back: string; readonly runbook: string },
  ) {
    this.options = options;
    this.longestMs = longestMs;
    this.gone = says.gone;
    this.back = says.back;
    this.runbook = says.runbook;
    this.begin();
  }

  begin(): void {
    this.at = this.options.time.monotonicMs();
    this.wall = this.options.time.wallMicros();
  }

  seen(): void {
    const { calls, wall } = this;
    const seconds = Math.round(this.silentMs() / 1000);
    this.calls = 0;
    this.begin();
    if (calls > 0)
      this.options.call({ severity: 'P3', summary: `${this.back} after ${seconds} s`, sinceMicros: wall, runbook: this.runbook });
  }

  silentMs(): number {
    return this.options.time.monotonicMs() - this.at;
  }

  private dueMs(): number {
    if (this.calls === 0) return this.longestMs;
    const listed = AGAIN_MINUTES[this.calls - 1];
    const minutes = listed ?? LAST_MINUTES * (this.calls - AGAIN_MINUTES.length + 1);
    return minutes * 60_000;
  }

  look(): void {
    const silent = this.silentMs();
    if (silent < this.dueMs()) return;
    this.calls++;
    const summary = `${this.gone} for ${Math.round(silent / 1000)} s`;
    this.options.call({ severity: 'P0', summary, sinceMicros: this.wall, runbook: this.runbook });
  }
}

/**
 * By the machine's own clock: when the stream falls silent, or nothing is journaled any more, people are called. Only who
 * held the lease then calls; with the stream the lease is gone too, so nobody can be asked.
 */
export class DeadMan {
  private readonly options: DeadManOptions;
  private readonly stream: Vigil;
  private readonly journal: Vigil;
  private committed = 0;
  private mine = false;
  private nextPing = 0;
  private cancel: Cancel | null = null;

  constructor(options: DeadManOptions) {
    this.options = options;
    this.stream = new Vigil(options, STREAM_MS, {
      gone: 'NATS or the journal is gone: nothing has come from the stream',
      back: 'the stream is back',
      runbook: 'stream-silent',
    });
    this.journal = new Vigil(options, JOURNAL_MS, {
      gone: 'nothing is traded and no alert is delivered: nothing has been journaled',
      back: 'the journal is back',
      runbook: 'journal-lag',
    });
  }

  start(): void {
    this.stream.begin();
    this.journal.begin();
    const tick = (): void => {
      this.cancel = this.options.time.after(TICK_MS, tick);
      this.tick();
    };
    tick();
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  /** Something was read from the stream; all up to `committed` is in the journal. */
  heard(committed: number): void {
    this.stream.seen();
    if (committed <= this.committed) return;
    this.committed = committed;
    this.journal.seen();
  }

  lease(held: boolean): void {
    // It goes with the stream: whoever had it until then goes on watching.
    if (held) this.mine = true;
    else if (this.stream.silentMs() <= TICK_MS) this.mine = false;
  }

  private tick(): void {
    if (!this.mine) return;
    const { time, ping, log } = this.options;
    const silentMs = this.stream.silentMs();
    this.stream.look();
    // A silent stream says nothing of the journal.
    if (silentMs < STREAM_MS) this.journal.look();
    const now = time.monotonicMs();
    if (ping === null || silentMs >= STREAM_MS || now < this.nextPing) return;
    this.nextPing = now + PING_MS;
    ping().catch((error: Error) => log('warn', `the dead man's switch outside was not reached: ${error.message}`));
  }
}
