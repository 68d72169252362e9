import type { DataOf } from '@arb/shared/contracts';
import type { ShellContext } from '@arb/shared/runtime';

type Book = DataOf<'book'>;
type Trade = DataOf<'trade'>;

/** Left for what is rarer and matters more: health, rates, leases. */
const ROOM_KEPT = 50;
/** Trades leave more: a book says where the market is, a trade only how it came there. */
const TRADE_ROOM_KEPT = 200;
/** From here on the stream takes one book of each symbol a second, and no trades. */
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

/** What was never said. */
export interface Dropped {
  /** Books for want of room: a newer one of the same symbol took their place. */
  conflated: number;
  /** Books because the stream is filling up. */
  shed: number;
  trades: number;
}

/** Says books at once where it can, else keeps the newest of each symbol and says it when it can. */
export class BookOutlet {
  private readonly lines = new Map<string, Line>();
  /** Those that are due, in the order in which they came to wait. */
  private readonly waiting = new Set<Line>();
  private readonly droppedOf = new Map<string, Dropped>();
  private readonly context: ShellContext;

  constructor(context: ShellContext) {
    this.context = context;
  }

  /** Says what comes of this symbol from now on. */
  open(venue: string, symbol: string): void {
    const key = `${venue} ${symbol}`;
    if (!this.lines.has(key)) this.lines.set(key, { words: [venue, symbol], newest: null, due: false, saidAt: Number.NEGATIVE_INFINITY });
  }

  /** Nobody watches it any more. */
  close(venue: string, symbol: string): void {
    const line = this.line(venue, symbol);
    if (line === undefined) return;
    this.lines.delete(`${venue} ${symbol}`);
    this.waiting.delete(line);
  }

  /** Undefined where it is not watched. */
  line(venue: string, symbol: string): Line | undefined {
    return this.lines.get(`${venue} ${symbol}`);
  }

  dropped(venue: string): Dropped {
    const known = this.droppedOf.get(venue) ?? { conflated: 0, shed: 0, trades: 0 };
    this.droppedOf.set(venue, known);
    return known;
  }

  /** How much room there is for books. */
  room(): number {
    return Math.max(0, this.context.room() - ROOM_KEPT);
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

  trade(trade: Trade): void {
    const { context } = this;
    const { venue, symbol, receivedAt } = trade;
    if (context.holdsLease() && context.room() >= TRADE_ROOM_KEPT && !this.sheds())
      if (context.say('trade', [venue, symbol], trade, { at: receivedAt })) return;
    this.dropped(venue).trades++;
  }

  /** Those that have waited longest go first. */
  flush(): void {
    const sheds = this.sheds();
    for (const line of this.waiting) {
      if (this.say(line, sheds)) this.waiting.delete(line);
      else if (!sheds) return;
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
