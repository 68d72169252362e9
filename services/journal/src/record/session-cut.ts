import { SESSION_SUBJECTS } from '@arb/shared/contracts';
import { type AdminLink, Backoff, type Outlet, type Patience } from '@arb/shared/runtime';
import type { RecordDeps, SessionRow } from './deps.ts';
import type { SealedBatches } from './sealed-batches.ts';

/** The recording of the session that is cut. */
export interface SessionCutOptions {
  readonly deps: Pick<RecordDeps, 'options' | 'probe'>;
  readonly session: SessionRow;
  readonly stream: string;
  readonly outlet: Outlet;
  readonly batches: SealedBatches;
  readonly patience: Patience;
  /** The connection that is there. */
  readonly link: () => AdminLink | null;
  /** Read to the end of the stream. */
  readonly live: () => boolean;
  /** This boot has been the one that is listened to, and is it still. */
  readonly started: () => boolean;
  readonly holds: () => boolean;
  /** Where `session.stopped` stands. */
  readonly stoppedAt: () => number | null;
  readonly say: (type: 'session.stopping' | 'session.stopped', data: { readonly reason: string }) => void;
  /** Nothing but the session's own words is said from now on. */
  readonly fallSilent: () => void;
  /** The recording is over, in whatever way. */
  readonly over: () => boolean;
  /** Throws what broke it. */
  readonly check: () => void;
  /** Waits for a condition, or until the recording is over. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

/**
 * Ends a session at a position of its stream: `session.stopping`, no more subjects but the session's own,
 * `session.stopped`. Every step may be repeated by the next journal.
 */
export class SessionCut {
  private readonly options: SessionCutOptions;
  private begun = false;

  constructor(options: SessionCutOptions) {
    this.options = options;
  }

  get underWay(): boolean {
    return this.begun;
  }

  /** True once the end is journaled; false where the recording is over in another way, or this has begun before. */
  async run(reason: string): Promise<boolean> {
    const { deps, stream, outlet, batches, live, started, holds, stoppedAt, say, fallSilent, over, until } = this.options;
    if (this.begun) return false;
    this.begun = true;
    // Behind an end that stands in the stream already late words may follow, which are never read up to.
    await until(() => stoppedAt() !== null || (live() && started()));
    await this.markCutting();
    if (over()) return false;
    deps.probe('cut-marked');
    if (stoppedAt() === null) {
      say('session.stopping', { reason });
      fallSilent();
      await until(() => outlet.unconfirmed === 0 && live());
      if (over()) return false;
      deps.probe('cut-stopping-read-back');
      await this.admin((admin) => admin.setSubjects(stream, SESSION_SUBJECTS));
      if (over()) return false;
      deps.probe('cut-subjects-taken');
      // Said while another boot was listened to, it is not taken: it is said again.
      while (stoppedAt() === null && !over()) {
        say('session.stopped', { reason });
        await until(() => stoppedAt() !== null || (live() && holds() && outlet.unconfirmed === 0));
      }
    }
    // Stopped, lost or superseded meanwhile: then this is no end of the session.
    if (over()) return false;
    deps.probe('cut-stopped-read-back');
    await until(() => batches.committedTo >= (stoppedAt() as number));
    return true;
  }

  /** Postgres may be away just now; the cut waits for it, or it would be forgotten. */
  private async markCutting(): Promise<void> {
    const { deps, session, batches, patience, over, check } = this.options;
    const backoff = new Backoff(deps.options.backoffMs);
    for (;;) {
      check();
      if (over()) return;
      if (batches.ready)
        try {
          await batches.store.updateSession(session.id, { status: 'cutting' });
          return;
        } catch (error) {
          patience.notice(`Postgres: ${(error as Error).message}`);
        }
      await patience.pause(backoff.take());
    }
  }

  private async admin(call: (admin: AdminLink['admin']) => Promise<void>): Promise<void> {
    const { deps, patience, over, check } = this.options;
    const backoff = new Backoff(deps.options.backoffMs);
    for (;;) {
      check();
      if (over()) return;
      const link = this.options.link();
      if (link !== null)
        try {
          await call(link.admin);
          return;
        } catch (error) {
          patience.notice((error as Error).message);
        }
      await patience.pause(backoff.take());
    }
  }
}
