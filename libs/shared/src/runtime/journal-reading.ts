import type { CoreInputs } from './core-inputs.ts';
import { ReplayDiverged } from './outlet.ts';
import type { Patience } from './patience.ts';
import type { SessionRow, StreamMessage } from './ports.ts';
import type { ReadingPlace } from './reading-place.ts';
import type { RunDeps, RunEnd } from './run-deps.ts';
import type { StreamTrust } from './stream-trust.ts';

const END_POLL_MS = 20;

export interface JournalReadingOptions {
  readonly deps: Pick<RunDeps, 'service' | 'journal' | 'options'>;
  readonly session: SessionRow;
  readonly place: ReadingPlace;
  readonly trust: StreamTrust;
  readonly patience: Patience;
  /** Null in a service that has none. */
  readonly core: CoreInputs | null;
  /** The session's end has been read. */
  readonly ended: () => boolean;
  readonly stopping: () => boolean;
  /** One message, input or echo. */
  readonly take: (message: StreamMessage) => void;
  /** More outputs are missing from the record than may be unconfirmed: they are published while it is read. */
  readonly publishFarBehind: () => Promise<'done' | 'discard'>;
}

/** Reads what is journaled of a session: all of it from where the process stands, inputs and echoes in one order. */
export class JournalReading {
  private readonly options: JournalReadingOptions;
  /** What this process believes is not what the journal or the stream holds: it starts over. */
  discarded = false;

  constructor(options: JournalReadingOptions) {
    this.options = options;
  }

  /** Up to the head, as it is at the last page. */
  async readToHead(): Promise<void> {
    const { deps, trust, ended, stopping } = this.options;
    for (;;) {
      trust.journalAsked();
      const read = await this.readPage(Number.MAX_SAFE_INTEGER);
      if (read < deps.options.journalPage || ended() || stopping() || this.discarded) {
        trust.journalRead();
        return;
      }
    }
  }

  /** Up to the end of a session that is over. */
  async readTo(end: number): Promise<RunEnd> {
    const { deps, session, place, stopping } = this.options;
    while (place.readUpTo < end) {
      const before = place.readUpTo;
      await this.readPage(end);
      if (stopping()) return 'stopped';
      if (this.discarded) return 'discard';
      if (place.readUpTo === before)
        throw new Error(
          `${deps.service}: the journal of ${session.id} ends at ${end}, but position ${before + 1} is not in it. Run: npx arb verify ${session.id}`,
        );
    }
    return 'ended';
  }

  /** What the stream has as its end may still be lost with it; only the journal's end is one. */
  async endIsJournaled(): Promise<boolean> {
    const { session, place, patience, stopping } = this.options;
    const { journal } = this.options.deps;
    while (!stopping()) {
      const row = await patience.retry('read the session', () => journal.session(session.id));
      if (row === null) return false;
      if (row.end !== null) {
        if (row.end !== place.position || place.last > place.position) return false;
        const [last] = await patience.retry('read the journal', () => journal.events(session.id, place.position, 1));
        return last !== undefined && (place.lastKept === 0 || place.isLast(last));
      }
      await patience.pause(END_POLL_MS);
    }
    return false;
  }

  private async readPage(end: number): Promise<number> {
    const { session, place, patience, core, ended, stopping } = this.options;
    const { service, journal, options } = this.options.deps;
    const from = place.readUpTo + 1;
    // What was read from a stream whose tail is lost since must not be gone on from: the journal says what stands there.
    const known = place.lastKept;
    const overlap = known > 0 && known === from - 1 ? 1 : 0;
    const hadEnded = ended();
    let next = from - overlap;
    const limit = Math.min(options.journalPage, end + 1 - from);
    const page = await patience.retry('read the journal', () => journal.events(session.id, next, limit + overlap));
    for (const stored of page) {
      if (stored.position !== next)
        throw new Error(
          `${service}: the journal of ${session.id} has a hole at ${next} (next is ${stored.position}). Run: npx arb verify ${session.id}`,
        );
      next++;
      if (stored.position === known && !place.isLast(stored)) {
        patience.notice(`the journal of ${session.id} holds another event at position ${known} than was read from the stream`);
        this.discarded = true;
        return 0;
      }
      try {
        this.take(stored);
      } catch (error) {
        this.discardAnotherStory(error, stored.position);
        return 0;
      }
      if (ended() !== hadEnded || stopping()) break;
    }
    if (core?.windowFull === true && !ended())
      try {
        if ((await this.options.publishFarBehind()) === 'discard') this.discarded = true;
      } catch (error) {
        this.discardAnotherStory(error, place.readUpTo);
      }
    return page.length - overlap;
  }

  /**
   * What stands before the last message that was read may be from a stream whose tail is lost since, and go on differently
   * in the journal. Where it is the code that differs, the next start says so. `upTo`: so far the journal was read by then.
   */
  private discardAnotherStory(error: unknown, upTo: number): void {
    const { session, place, patience } = this.options;
    if (!(error instanceof ReplayDiverged) || upTo >= place.lastKept) throw error;
    patience.notice(`the journal of ${session.id} may hold another story up to ${place.lastKept} than was read: ${error.message}`);
    this.discarded = true;
  }

  /** The journal holds all, so both what it reads at once and the echoes stand there afterwards. */
  private take(stored: StreamMessage): void {
    const { place } = this.options;
    const read = place.isEcho(stored) ? place.echoed : place.position;
    if (stored.position > read) this.options.take(stored);
    place.position = Math.max(place.position, stored.position);
    place.echoed = Math.max(place.echoed, stored.position);
  }
}
