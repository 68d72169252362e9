import { streamOf } from '@arb/shared/contracts';
import { type AdminLink, Backoff, identify, isRefusal, type JournalRow, type Patience } from '@arb/shared/runtime';
import type { RecordDeps, SessionRow } from './deps.ts';
import type { SealedBatches } from './sealed-batches.ts';

/** A lost stream is believed in only when it is still lost this long after. */
const LOST_AGAIN_AFTER_MS = 500;
const LOOK_AGAIN_MS = 100;

export interface RecordedStreamOptions {
  readonly deps: Pick<RecordDeps, 'bus' | 'time' | 'options'>;
  readonly session: SessionRow;
  readonly batches: SealedBatches;
  readonly patience: Patience;
}

/** Connects to the stream that is recorded, and compares it with what was read of it before anything more is. */
export class RecordedStream {
  private readonly options: RecordedStreamOptions;
  private readonly backoff: Backoff;
  private lostSince: number | null = null;
  /** Connections made so far. */
  links = 0;

  constructor(options: RecordedStreamOptions) {
    this.options = options;
    this.backoff = new Backoff(options.deps.options.backoffMs);
  }

  /** `last`: the last row that was read, at position `read`. */
  async attach(read: number, last: JournalRow | null): Promise<{ readonly link: AdminLink; readonly last: number } | 'again' | 'lost'> {
    const { deps, session, batches, patience } = this.options;
    let link: AdminLink;
    try {
      link = await deps.bus.connect();
    } catch (error) {
      if (isRefusal(error)) throw error;
      await this.failed(error as Error);
      return 'again';
    }
    this.links++;
    try {
      const found = await identify(link, batches.store, session, {
        position: read,
        subject: last?.subject ?? '',
        storedAt: last?.storedAt ?? 0,
        bytes: last?.bytes ?? null,
      });
      // A session is live once its first event stands in the stream; an empty one has lost it.
      const beheaded = found.same && read === 0 && found.info.lastPosition === 0;
      if (found.same && !beheaded) {
        this.lostSince = null;
        patience.trouble = null;
        this.backoff.reset();
        return { link, last: found.info.lastPosition };
      }
      patience.notice(found.same ? `stream ${streamOf(session.id)} has lost its first event` : found.why);
      void link.close();
      const now = deps.time.monotonicMs();
      this.lostSince ??= now;
      if (now - this.lostSince >= LOST_AGAIN_AFTER_MS) return 'lost';
      await patience.pause(LOOK_AGAIN_MS);
    } catch (error) {
      void link.close();
      await this.failed(error as Error);
    }
    return 'again';
  }

  /** It broke, and is tried again after a while. */
  async failed(error: Error): Promise<void> {
    this.options.patience.notice(error.message);
    await this.options.patience.pause(this.backoff.take());
  }
}
