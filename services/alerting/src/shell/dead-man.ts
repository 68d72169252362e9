import type { Cancel, Log, Time } from '@arb/shared/runtime';

export interface DeadManOptions {
  readonly time: Time;
  readonly log: Log;
  /** Says it to people past the stream, which cannot carry it: no event can tell that the stream is gone. */
  readonly call: (severity: 'P0' | 'P3', summary: string, sinceMicros: number) => void;
  /** Asked for outside while all is well; whoever waits there calls when it stays away. Null for none. */
  readonly ping: (() => Promise<void>) | null;
}

const SILENT_MS = 5_000;
const PING_MS = 30_000;
const TICK_MS = 500;

/**
 * By the machine's own clock: when the stream has been silent for five seconds, people are called. Only who held the
 * lease when it fell silent calls; with the stream the lease is gone too, so nobody can be asked.
 */
export class DeadMan {
  private readonly options: DeadManOptions;
  private heardAt: number;
  private heardWall: number;
  private mine = false;
  private called = false;
  private nextPing = 0;
  private cancel: Cancel | null = null;

  constructor(options: DeadManOptions) {
    this.options = options;
    this.heardAt = options.time.monotonicMs();
    this.heardWall = options.time.wallMicros();
  }

  start(): void {
    this.heard();
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

  /** Something was read from the stream. */
  heard(): void {
    const { time } = this.options;
    const now = time.monotonicMs();
    if (this.called) {
      this.called = false;
      const seconds = Math.round((now - this.heardAt) / 1000);
      this.options.call('P3', `the stream is back after ${seconds} s`, this.heardWall);
    }
    this.heardAt = now;
    this.heardWall = time.wallMicros();
  }

  lease(held: boolean): void {
    // It goes with the stream: whoever had it until then goes on watching.
    if (held) this.mine = true;
    else if (!this.silent()) this.mine = false;
  }

  private silent(): boolean {
    return this.options.time.monotonicMs() - this.heardAt > 500;
  }

  private tick(): void {
    const { time, call, ping, log } = this.options;
    const now = time.monotonicMs();
    const silentMs = now - this.heardAt;
    if (silentMs >= SILENT_MS && this.mine && !this.called) {
      this.called = true;
      call('P0', `nothing has come from the stream for ${Math.round(silentMs / 1000)} s: NATS or the journal is gone`, this.heardWall);
    }
    if (ping !== null && this.mine && silentMs < SILENT_MS && now >= this.nextPing) {
      this.nextPing = now + PING_MS;
      ping().catch((error: Error) => log('warn', `the dead man's switch outside was not reached: ${error.message}`));
    }
  }
}
