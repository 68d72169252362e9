import type { DataOf } from '@arb/shared/contracts';
import type { MarketConfig } from '@arb/shared/core';
import type { ShellContext } from '@arb/shared/runtime';

type Book = DataOf<'book'>;

/** Left for what is rarer and matters more: health, rates, leases. */
const ROOM_KEPT = 50;
/** From here on the stream takes one book of each symbol a second. */
const SHED_FROM = 0.6;
const SHED_MS = 1_000;

export interface Line {
  readonly words: readonly [venue: string, symbol: string];
  /** The newest of all, said or not. */
  newest: Book | null;
  /** The newest is still to be said. */
  due: boolean;
  /** Monotonic ms. */
  saidAt: number;
}

/** Books that were never said because a newer one of the same symbol took their place. */
export interface Dropped {
  /** For want of room. */
  conflated: number;
  /** Because the stream is filling up. */
  shed: number;
}

/** Says books at once where it can, else keeps the newest of each symbol and says it when it can. */
export class BookOutlet {
  private readonly lines = new Map<string, Line>();
  /** Those that are due, in the order in which they came to wait. */
  private readonly waiting = new Set<Line>();
  private readonly droppedOf = new Map<string, Dropped>();
  private readonly context: ShellContext;

  constructor(context: ShellContext, { venues, coins }: Pick<MarketConfig, 'venues' | 'coins'>) {
    this.context = context;
    for (const { name, quote } of venues) {
      this.droppedOf.set(name, { conflated: 0, shed: 0 });
      for (const coin of coins) {
        const words = [name, `${coin}-${quote}`] as const;
        this.lines.set(words.join(' '), { words, newest: null, due: false, saidAt: Number.NEGATIVE_INFINITY });
      }
    }
  }

  /** Undefined where the session does not watch it. */
  line(venue: string, symbol: string): Line | undefined {
    return this.lines.get(`${venue} ${symbol}`);
  }

  dropped(venue: string): Dropped {
    return this.droppedOf.get(venue) ?? { conflated: 0, shed: 0 };
  }

  offer(line: Line, book: Book): void {
    const sheds = this.sheds();
    if (line.due) {
      const dropped = this.dropped(line.words[0]);
      if (sheds) dropped.shed++;
      else dropped.conflated++;
    }
    line.newest = book;
    if (this.waiting.size > 0 && !sheds) {
      this.wait(line);
      this.flush();
    } else if (this.say(line, sheds)) this.waiting.delete(line);
    else this.wait(line);
  }

  /** Those that have waited longest go first. */
  flush(): void {
    const sheds = this.sheds();
    for (const line of this.waiting) {
      if (this.say(line, sheds)) this.waiting.delete(line);
      else if (!sheds) return;
    }
  }

  /** Nothing that is known here is worth saying any more. */
  forget(): void {
    this.waiting.clear();
    for (const line of this.lines.values()) {
      line.newest = null;
      line.due = false;
    }
  }

  private wait(line: Line): void {
    line.due = true;
    this.waiting.add(line);
  }

  private sheds(): boolean {
    return this.context.fill() >= SHED_FROM;
  }

  private say(line: Line, sheds: boolean): boolean {
    const { context } = this;
    const { newest } = line;
    const now = context.time.monotonicMs();
    if (newest === null || (sheds && now - line.saidAt < SHED_MS) || context.room() < ROOM_KEPT || !context.holdsLease()) return false;
    if (!context.say('book', line.words, newest, { at: newest.receivedAt })) return false;
    line.saidAt = now;
    line.due = false;
    return true;
  }
}
