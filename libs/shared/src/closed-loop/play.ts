import type { ClosedLoop, OutsideEvent } from './closed-loop.ts';
import type { JournalVoice } from './journal-voice.ts';

/** Where outside events come from, in the order of their times. */
export interface OutsideSource {
  /** µs of the next one; infinity where none follows. */
  nextAt(): number;
  next(): OutsideEvent;
}

/** Feeds all of a source up to a time, with the journal's voice between its events. */
export function play(loop: ClosedLoop, source: OutsideSource, journal: JournalVoice, until: number): void {
  for (let at = source.nextAt(); at <= until; at = source.nextAt()) {
    journal.speakUntil(at);
    loop.feed(source.next());
  }
  journal.speakUntil(until);
}
