import type { DataOf } from '@arb/shared/contracts';
import { type Ages, BookAges, type ReceiverClock, stateOf } from '../core/index.ts';
import type { Dropped } from './book-outlet.ts';
import type { VenueConnection } from './venue-connection.ts';

type Health = DataOf<'health'>;

const REPEAT_MS = 10_000;
/** What the venue says of its wallets and markets. */
export interface VenueNotices {
  readonly suspended: Health['suspended'];
  readonly warned: NonNullable<Health['warned']>;
  /** The state of the wallets has been said. */
  readonly walletsKnown: boolean;
  /** Why it is not told any more, where somebody must do something about it. */
  readonly walletsWhy: string | null;
}

/** What is known of one venue's connection. All times are monotonic ms. */
export class VenueHealth {
  readonly venue: string;
  readonly ages: BookAges;
  private openedAt: number | null = null;
  private lossWhy: string | null = null;
  private bookAt: number | null = null;
  private backupAt: number | null = null;
  private books = 0;
  private faults = 0;
  private faultAt = Number.NEGATIVE_INFINITY;
  private faultWhy = '';
  private saidAt = Number.NEGATIVE_INFINITY;
  private saidWhat = '';
  private rateFrom: { readonly at: number; readonly books: number; readonly messages: number } | null = null;
  private rates = { booksPerSecond: 0, messagesPerSecond: 0 };

  constructor(venue: string, clock: ReceiverClock) {
    this.venue = venue;
    this.ages = new BookAges(venue, clock);
  }

  opened(now: number): void {
    this.openedAt = now;
    this.lossWhy = null;
  }

  lost(why: string): void {
    this.openedAt = null;
    this.lossWhy = clean(why);
    this.bookAt = null;
  }

  book(now: number, backup: boolean): void {
    this.books++;
    if (backup) this.backupAt = now;
    else this.bookAt = now;
  }

  fault(now: number, why: string): void {
    this.faults++;
    this.faultAt = now;
    this.faultWhy = clean(why);
  }

  /** Says how the venue is, when that has changed or was said long ago. */
  tell(now: number, connection: VenueConnection, dropped: Dropped, notices: VenueNotices, say: (health: Health) => boolean): void {
    const ages = this.ages.at(now);
    const judged = stateOf({ ...this.signs(), now, barredMs: connection.barredMs(), ...ages });
    if (judged === null) return;
    const [state, why] = judged;
    const what = JSON.stringify([state, notices]);
    if (what === this.saidWhat && now - this.saidAt < REPEAT_MS) return;
    const shed = dropped.shed > 0 ? `; ${dropped.shed} books shed since the stream is filling up` : '';
    const untold = notices.walletsWhy === null ? '' : `; ${notices.walletsWhy}`;
    const counters: Health['counters'] & object = {
      ...this.counters(now, connection, dropped, ages),
      walletsKnown: notices.walletsKnown ? 1 : 0,
    };
    const said = say({
      venue: this.venue,
      state,
      why: why + shed + untold,
      latencyMs: ages.latencyMs === null ? null : round(ages.latencyMs),
      reconnects: counters.reconnects ?? 0,
      conflated: dropped.conflated + dropped.shed,
      suspended: notices.suspended,
      warned: notices.warned,
      counters,
    });
    if (!said) return;
    this.saidWhat = what;
    this.saidAt = now;
  }

  private signs() {
    const { openedAt, lossWhy, bookAt, backupAt, faultAt, faultWhy, faults } = this;
    return { openedAt, lossWhy, bookAt, backupAt, faultAt, faultWhy, faults };
  }

  private counters(now: number, connection: VenueConnection, dropped: Dropped, ages: Ages): Readonly<Record<string, number>> {
    const counters = connection.counters();
    const messages = counters.frames ?? 0;
    const from = this.rateFrom;
    if (from === null || now - from.at >= REPEAT_MS / 2) {
      const seconds = from === null ? 0 : (now - from.at) / 1_000;
      if (from !== null)
        this.rates = {
          booksPerSecond: round((this.books - from.books) / seconds),
          messagesPerSecond: round((messages - from.messages) / seconds),
        };
      this.rateFrom = { at: now, books: this.books, messages };
    }
    return {
      ...counters,
      ...this.rates,
      faults: this.faults,
      conflated: dropped.conflated,
      shed: dropped.shed,
      tradesDropped: dropped.trades,
      books: ages.books,
      staleBooks: ages.stale,
      oldestBookMs: round(ages.oldestMs),
      snapshotAgeMs: round(ages.snapshotMs),
      clockBehindMs: round(ages.clockBehindMs),
    };
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Others' words may hold what an event must not. */
function clean(text: string): string {
  return text.slice(0, 300).toWellFormed().replaceAll('\0', '�');
}
