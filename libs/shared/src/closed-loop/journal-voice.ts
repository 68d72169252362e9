import type { JournalConfig } from '../core/index.ts';
import { type ClosedLoop, JOURNAL, NO_HASH } from './closed-loop.ts';

/** Says what the journal would: the time, and up to where all is in the database. */
export interface JournalVoice {
  /** Says all that falls before then or at it, and lets answers come in between. */
  speakUntil(until: number): void;
}

export interface JournalVoiceOptions {
  readonly journal: Pick<JournalConfig, 'clockMs' | 'committedMs'>;
  /**
   * The clock speaks at the very moment a timer of a core is due, too. Otherwise, as on a real stream, a timer fires at
   * the next event whatever it is: with few events that is late, and it depends on coins that have nothing to do with it.
   */
  readonly punctual: boolean;
}

/** What was said by one commit is in the database with the next. */
export function openJournalVoice(loop: ClosedLoop, { journal, punctual }: JournalVoiceOptions): JournalVoice {
  const clockMicros = journal.clockMs * 1_000;
  const commitMicros = journal.committedMs * 1_000;
  let nextClock = loop.time;
  let nextCommit = loop.time + commitMicros;
  let committed = { to: loop.position, at: loop.time };
  let written = committed;

  function sayClock(at: number): void {
    loop.feed({ type: 'clock', words: [], source: JOURNAL, at, data: { fill: 0, committed: committed.to, committedAt: committed.at } });
  }

  function sayCommitted(at: number): void {
    committed = written;
    loop.feed({ type: 'journal.committed', words: [], source: JOURNAL, at, data: { to: committed.to, head: NO_HASH } });
    written = { to: loop.position, at };
  }

  return {
    speakUntil(until) {
      for (;;) {
        const due = punctual ? Math.max(loop.nextTimer(), loop.time) : Number.POSITIVE_INFINITY;
        const next = Math.min(nextClock, nextCommit, due);
        const arrival = loop.nextArrival();
        if (arrival <= next && arrival <= until) {
          loop.settle(arrival);
          continue;
        }
        if (next > until) return;
        if (next === nextCommit) {
          nextCommit += commitMicros;
          sayCommitted(next);
        } else {
          if (next === nextClock) nextClock += clockMicros;
          sayClock(next);
        }
      }
    },
  };
}
