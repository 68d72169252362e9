import type { Patience } from './patience.ts';
import type { Link, SessionRow } from './ports.ts';
import type { ReadingPlace } from './reading-place.ts';
import { isRefusal } from './refusal.ts';
import type { RunDeps } from './run-deps.ts';
import { identify } from './stream-identity.ts';

/** The stream does not go on where this process stands; the journal may know why. */
const LOST_PATIENCE_MS = 3_000;

export interface StreamAccessOptions {
  readonly deps: Pick<RunDeps, 'bus' | 'journal' | 'time'>;
  readonly session: SessionRow;
  readonly place: ReadingPlace;
  readonly patience: Patience;
}

/** A connection on which the very stream goes on that was read before. */
export interface Attached {
  readonly link: Link;
  readonly first: number;
  readonly last: number;
}

/** Connects to a session's stream, and compares it with what this process has read of it before anything is made of it. */
export class StreamAccess {
  private readonly options: StreamAccessOptions;
  private lostSince: number | null = null;
  /** Connections made so far. */
  links = 0;

  constructor(options: StreamAccessOptions) {
    this.options = options;
  }

  /** `discard`: the session is over, or goes on without what this process has read. */
  async attach(): Promise<Attached | 'again' | 'discard'> {
    const { session, place, patience } = this.options;
    const { bus, journal, time } = this.options.deps;
    let link: Link;
    try {
      link = await bus.connect();
    } catch (error) {
      if (isRefusal(error)) throw error;
      patience.notice((error as Error).message);
      return this.stillLive();
    }
    this.links++;
    try {
      const found = await identify(link, journal, session, place.known);
      if (found.same) {
        this.lostSince = null;
        patience.trouble = null;
        return { link, first: found.info.firstPosition, last: found.info.lastPosition };
      }
      patience.notice(found.why);
      void link.close();
      const now = time.monotonicMs();
      this.lostSince ??= now;
      // The journal decides whether the session is lost. Where it goes on with it, this process is the one that is wrong.
      if (now - this.lostSince > LOST_PATIENCE_MS) return 'discard';
      return this.stillLive();
    } catch (error) {
      patience.notice((error as Error).message);
      void link.close();
      return this.stillLive();
    }
  }

  /** The session may have been ended meanwhile, at a position that this process must not pass. */
  async stillLive(): Promise<'again' | 'discard'> {
    const { deps, session, patience } = this.options;
    const row = await patience.retry('read the session', () => deps.journal.session(session.id));
    return row !== null && row.end === null ? 'again' : 'discard';
  }
}
