import type { MakeCore } from '../core/index.ts';
import { Backoff, isRefusal } from '../runtime/index.ts';
import { type ShadowDeps, ShadowRun, type ShadowStatus } from './shadow-run.ts';

const POLL_MS = 100;

export interface ShadowHostDeps extends ShadowDeps {
  readonly makeCore: MakeCore;
}

/** What was compared in all sessions up to now. */
export interface ShadowTotals {
  readonly equal: number;
  readonly different: number;
}

/** A shadow over its whole life: beside the present session, whatever its version and configuration, then beside the next one. */
export class ShadowHost {
  private readonly deps: ShadowHostDeps;
  private run: ShadowRun | null = null;
  private ended: ShadowTotals = { equal: 0, different: 0 };
  private stopping = false;
  private waiting: string | null = 'starting';
  private finished: Promise<void> = Promise.resolve();
  private lastDifferent: ShadowStatus | null = null;

  constructor(deps: ShadowHostDeps) {
    this.deps = deps;
  }

  /** Runs until stopped. */
  start(): Promise<void> {
    this.finished = this.loop();
    return this.finished;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.run?.stop();
    await this.finished;
  }

  status(): ShadowStatus | null {
    return this.run?.status() ?? null;
  }

  waitsFor(): string | null {
    return this.waiting;
  }

  totals(): ShadowTotals {
    const now = this.run?.status();
    return { equal: this.ended.equal + (now?.equal ?? 0), different: this.ended.different + (now?.different ?? 0) };
  }

  /** Null when it compares and has nothing against it; else what a person should know. Another version may answer otherwise. */
  unready(): string | null {
    const status = this.status();
    if (status?.failed != null) return `cannot derive any further: ${status.failed}`;
    const worst = status !== null && status.different > 0 ? status : this.lastDifferent;
    if (worst !== null && worst.recordedBy === worst.thisIs) return differenceOf(worst);
    if (status === null) return this.waiting ?? 'starting';
    return status.live ? status.trouble : (status.trouble ?? `catching up at position ${status.position}`);
  }

  private async loop(): Promise<void> {
    const { journal, makeCore, log } = this.deps;
    const backoff = new Backoff([POLL_MS, 2_000]);
    let done = '';
    while (!this.stopping) {
      try {
        const row = await journal.currentSession();
        if (this.stopping) return;
        if (row === null || row.status !== 'live' || row.id === done) {
          this.wait(
            row === null ? 'no session yet' : row.id === done ? `session ${row.id} has ended` : `session ${row.id} is ${row.status}`,
          );
          await this.pause(POLL_MS);
          continue;
        }
        this.waiting = null;
        this.run = new ShadowRun(this.deps, makeCore(), row);
        const end = await this.run.run();
        if (end === 'ended') done = row.id;
        backoff.reset();
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.wait((error as Error).message);
        await this.pause(backoff.take());
      } finally {
        this.leave();
      }
    }
    log('info', 'the shadow has ended', { ...this.ended });
  }

  private leave(): void {
    const status = this.run?.status();
    if (status === undefined) return;
    this.ended = { equal: this.ended.equal + status.equal, different: this.ended.different + status.different };
    if (status.different > 0) this.lastDifferent = status;
    const { session, equal, different } = status;
    this.deps.log('info', 'left the session', { session, equal, different });
    this.run = null;
  }

  private wait(why: string): void {
    if (why !== this.waiting) this.deps.log('info', why);
    this.waiting = why;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.deps.time.after(ms, resolve));
  }
}

function differenceOf({ session, equal, different, first }: ShadowStatus): string {
  return `${different} of ${equal + different} answers are not what was recorded, the first at ${session}:${first?.position} on ${first?.subject}`;
}
