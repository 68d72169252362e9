import type { DataOf } from '@arb/shared/contracts';
import type { Dropped } from './book-outlet.ts';

type Health = DataOf<'health'>;

const REPEAT_MS = 10_000;
const FROZEN_MS = 5_000;
/** A bad frame is remembered for so long. */
const FAULT_MS = 10_000;

/** What is known of one venue's source. All times are monotonic ms. */
export class VenueHealth {
  readonly venue: string;
  /** When the socket opened; null while there is none. */
  private openedAt: number | null = null;
  /** Why there is none; null while the first try is under way. */
  private lossWhy: string | null = null;
  private bookAt: number | null = null;
  private latencyMs: number | null = null;
  private opens = 0;
  private faults = 0;
  private faultAt = Number.NEGATIVE_INFINITY;
  private faultWhy = '';
  private saidState: Health['state'] | null = null;
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(venue: string) {
    this.venue = venue;
  }

  opened(now: number): void {
    this.openedAt = now;
    this.bookAt = null;
    this.opens++;
  }

  lost(why: string): void {
    this.openedAt = null;
    this.lossWhy = why;
  }

  book(now: number, latencyMs: number | null): void {
    this.bookAt = now;
    this.latencyMs = latencyMs;
  }

  fault(now: number, why: string): void {
    this.faults++;
    this.faultAt = now;
    this.faultWhy = why;
  }

  /** Connected, and without a book since `now` less `ms`. */
  silentFor(ms: number, now: number): boolean {
    return this.openedAt !== null && now - (this.bookAt ?? this.openedAt) > ms;
  }

  /** Nothing is known yet, and what was said before is of another time. */
  begin(): void {
    this.openedAt = null;
    this.lossWhy = null;
    this.saidState = null;
    this.saidAt = Number.NEGATIVE_INFINITY;
  }

  /** Says how the venue is, when that has changed or was said long ago. */
  tell(now: number, dropped: Dropped, say: (health: Health) => boolean): void {
    const judged = this.judge(now);
    if (judged === null) return;
    const [state, why] = judged;
    if (state === this.saidState && now - this.saidAt < REPEAT_MS) return;
    const shed = dropped.shed > 0 ? `; ${dropped.shed} books shed since the stream is filling up` : '';
    const said = say({
      venue: this.venue,
      state,
      why: why + shed,
      latencyMs: this.latencyMs,
      reconnects: Math.max(0, this.opens - 1),
      conflated: dropped.conflated + dropped.shed,
      suspended: [],
    });
    if (!said) return;
    this.saidState = state;
    this.saidAt = now;
  }

  /** Null where it is too early to say anything. */
  private judge(now: number): readonly [Health['state'], string] | null {
    if (this.openedAt === null) return this.lossWhy === null ? null : ['DOWN', this.lossWhy];
    if (this.silentFor(FROZEN_MS, now)) return ['FROZEN', `connected, and no book for ${FROZEN_MS / 1_000} s`];
    if (this.bookAt === null) return this.saidState === null ? null : [this.saidState, 'connected, and no book yet'];
    if (now - this.faultAt < FAULT_MS) return ['DEGRADED', `${this.faults} bad frames, the last one: ${this.faultWhy}`];
    return ['HEALTHY', this.faults === 0 ? 'books arrive' : `books arrive; ${this.faults} bad frames earlier`];
  }
}
