import type { DataOf, EventType } from '@arb/shared/contracts';
import type { JournalRow, SayOptions } from '@arb/shared/runtime';
import type { CommitNews } from './commit-news.ts';
import type { RecordDeps } from './deps.ts';
import { Quarantine, quarantined } from './quarantine.ts';
import type { SealedBatches } from './sealed-batches.ts';
import type { StreamClock } from './stream-clock.ts';
import type { StreamFill } from './stream-fill.ts';

export interface JournalWordsOptions {
  readonly deps: Pick<RecordDeps, 'time' | 'options'>;
  readonly clock: StreamClock;
  readonly fill: StreamFill;
  readonly batches: SealedBatches;
  readonly news: CommitNews;
  readonly heartbeat: () => DataOf<'service.heartbeat'>;
  readonly say: <K extends EventType>(type: K, data: DataOf<K>, words?: readonly string[], options?: SayOptions) => void;
}

/** What the journal says of its own accord while it is listened to: the time, what is committed, what was malformed. */
export class JournalWords {
  private readonly options: JournalWordsOptions;
  private readonly quarantine = new Quarantine();
  private nextClock = 0;
  private nextHeartbeat = 0;

  constructor(options: JournalWordsOptions) {
    this.options = options;
  }

  tick(now: number): void {
    const { deps, clock, fill, batches, heartbeat, say } = this.options;
    if (now >= this.nextClock) {
      // Ticks that a busy moment has swallowed are not made up for: time is said as it is now.
      this.nextClock = Math.max(this.nextClock + deps.options.clockMs, now);
      const { committedTo, committedAt } = batches;
      say('clock', { fill: fill.fill, committed: committedTo, committedAt }, [], { at: clock.next() });
    }
    if (now >= this.nextHeartbeat) {
      this.nextHeartbeat = now + deps.options.heartbeatMs;
      say('service.heartbeat', heartbeat(), ['journal']);
    }
    this.committed(now);
  }

  /** Its last word of itself: a heartbeat after it would say that it is back. */
  leave(boot: string): void {
    this.nextHeartbeat = Number.POSITIVE_INFINITY;
    this.options.say('service.stopping', { boot }, ['journal']);
  }

  /** Where it is worth telling. */
  committed(now: number): void {
    const { batches, news, say } = this.options;
    const { seal } = batches;
    if (seal !== null && news.take(seal.to, now)) say('journal.committed', { to: seal.to, head: seal.head });
  }

  malformed(row: JournalRow, reason: string): void {
    const { deps, say } = this.options;
    if (this.quarantine.admits(deps.time.monotonicMs())) say('quarantine', quarantined(row, reason), [], { cause: row.position });
  }
}
