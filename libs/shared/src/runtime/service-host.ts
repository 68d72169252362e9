import { Backoff } from './options.ts';
import type { SessionRow } from './ports.ts';
import { isRefusal } from './refusal.ts';
import type { RunDeps, RunStatus } from './run-deps.ts';
import { SessionRun } from './session-run.ts';
import { openSnapshot } from './snapshot.ts';

const POLL_MS = 100;
/** So long those who took part in a session have to keep its end, before a process that stood aside from it does. */
const LEFT_TO_OTHERS_MS = 2_000;

export interface HostDeps extends Omit<RunDeps, 'boot'> {
  /** A fresh random name for each participation in a session. */
  readonly newBoot: () => string;
  /** Of the configuration that this process was started with: a session of another one is not joined, it is about to be cut. */
  readonly configHash?: string;
  /** A session that this process comes after: while that one runs, the processes before it take part in it. */
  readonly after?: string | null;
}

/**
 * A service over its whole life: it takes part in the present session, keeps the state at its end, and goes on with
 * the child.
 */
export class ServiceHost {
  private readonly deps: HostDeps;
  private run: SessionRun | null = null;
  private stopping = false;
  private waiting: string | null = 'starting';
  private stranger: string | null = null;
  /** The session that it stood aside from, and when it first found that at its end. */
  private aside: { readonly session: string; endSeenAt: number | null } | null = null;
  private finished: Promise<void> = Promise.resolve();

  constructor(deps: HostDeps) {
    this.deps = deps;
  }

  /** Runs until stopped. Rejects when an invariant broke: the process should say so and exit. */
  start(): Promise<void> {
    this.finished = this.loop();
    return this.finished;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.run?.stop();
    await this.finished;
  }

  status(): RunStatus | null {
    return this.run?.status() ?? null;
  }

  /** Why it takes part in no session at this moment, or null. */
  waitsFor(): string | null {
    return this.waiting;
  }

  /** The running session, where that is one of another version or configuration: this process takes part before or after it. */
  differsFrom(): string | null {
    return this.stranger;
  }

  current(): SessionRun | null {
    return this.run;
  }

  private async loop(): Promise<void> {
    const backoff = new Backoff([POLL_MS, 2_000]);
    let done = '';
    while (!this.stopping) {
      let next: SessionRow | null;
      try {
        next = await this.nextSession();
        backoff.reset();
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.wait(`the journal's database does not answer: ${(error as Error).message}`);
        await this.pause(backoff.take());
        continue;
      }
      // Asked to stop while it looked: no run of its own would learn of it.
      if (this.stopping) return;
      if (next === null || `${next.id} ${next.end}` === done) {
        // Asked for once more at the next look: what was kept has been found corrupt since.
        done = '';
        await this.pause(POLL_MS);
        continue;
      }
      this.waiting = null;
      this.run = new SessionRun({ ...this.deps, boot: this.deps.newBoot() }, next);
      const end = await this.run.run();
      this.run = null;
      this.deps.log('info', 'left the session', { session: next.id, end });
      if (end === 'stopped') return;
      if (end === 'ended' && next.end !== null) done = `${next.id} ${next.end}`;
    }
  }

  /** The session to take part in: a live one, or one that ended and whose end this service has not kept yet. */
  private async nextSession(): Promise<SessionRow | null> {
    const { journal, makeCore, service } = this.deps;
    const row = await journal.currentSession();
    this.stranger = null;
    if (row === null) {
      this.wait('no session yet: the journal service makes it');
      return null;
    }
    if (row.id === this.deps.after && row.end === null) {
      this.standAside(row, `session ${row.id} is handed over: this process takes part in the one after it`);
      return null;
    }
    if (row.status === 'live') {
      if (this.deps.configHash !== undefined && row.configHash !== this.deps.configHash) {
        this.standAside(row, `session ${row.id} runs another configuration: the journal service hands over`);
        return null;
      }
      const version = makeCore?.().version;
      if (version !== undefined && row.versions[service] !== version) {
        this.standAside(
          row,
          `session ${row.id} runs version ${row.versions[service]} of ${service}, this is ${version}: the journal service hands over`,
        );
        return null;
      }
      return row;
    }
    // One that ended at 0 never began: its child goes on from its parent.
    if (row.end !== null && row.end > 0 && makeCore !== null && !this.isLeftToOthers(row)) {
      const kept = await journal.snapshots(row.id, service, row.end, 1);
      if (kept[0]?.position !== row.end || openSnapshot(kept[0]) === null) return row;
    }
    this.wait(`session ${row.id} is ${row.status}`);
    return null;
  }

  /** Whoever took part in it stands at its end already; to read it from a snapshot on would only make this process late for the next one. */
  private isLeftToOthers(row: SessionRow): boolean {
    if (this.aside?.session !== row.id) return false;
    const now = this.deps.time.monotonicMs();
    this.aside.endSeenAt ??= now;
    return now - this.aside.endSeenAt < LEFT_TO_OTHERS_MS;
  }

  private standAside(row: SessionRow, why: string): void {
    this.stranger = row.id;
    this.aside = { session: row.id, endSeenAt: null };
    this.wait(why);
  }

  private wait(why: string): void {
    if (why !== this.waiting) this.deps.log('info', why);
    this.waiting = why;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.deps.time.after(ms, resolve);
    });
  }
}
