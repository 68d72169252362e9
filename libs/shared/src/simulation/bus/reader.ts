import { rootOf } from '../../contracts/index.ts';
import type { Level, OnMessage } from '../../runtime/ports.ts';
import type { SimLink } from './link.ts';
import type { Follower, SimStream, Stored } from './stream.ts';

/** What the shared buffer holds after a call: no JSON begins so. */
const OVERWRITTEN = 0xdb;

/** One reading may be held up while the other one of the same connection goes on: by flow control, or before it asks. */
const HELD_UP_MICROS = { least: 20_000, most: 1_200_000 };
const HELD_UP_CHANCE = { asking: 0.02, answer: 0.02, batch: 0.008 };
/** Of one reading alone: the other one of the same connection goes on. */
const LOST_ON_THE_WAY_CHANCE = 0.0005;

/** A stream with copies: the server that a reading asks may not have yet what another one has handed out already. */
const COPY_LAGS_CHANCE = 0.05;
const COPY_LAGS_BY = 40;

/** How long it takes to miss two heartbeats. */
const HEARTBEAT_MICROS = { least: 100_000, most: 3_000_000 };

/** A consumer: both its server half (follows the stream) and its client half (calls the code that reads). */
interface Batch {
  readonly messages: readonly Stored[];
  /** Up to the stream's end of that moment. */
  readonly whole: boolean;
  /** The stream's end of that moment. */
  readonly last: number;
}

/** A reading that asks now and then. */
export interface Polled {
  readonly everyMs: number;
  readonly level: Level;
}

export class SimReader implements Follower {
  private next: number;
  private underway = false;
  private over = false;
  /** Once the link is broken: what was sent before, and nothing that the stream got since. */
  private lastWords: Batch | null = null;
  private mark = 0;
  private question: { readonly mark: number; readonly answer: Batch | null } | null = null;

  constructor(
    private readonly link: SimLink,
    private readonly stream: SimStream,
    from: number,
    private readonly wantsRoot: (root: string) => boolean,
    private readonly polled: Polled | null,
    private readonly onMessage: OnMessage,
    private readonly onEnd: (why: string) => void,
  ) {
    this.next = from;
    stream.followers.add(this);
    link.readers.add(this);
    if (polled === null) this.more();
    else this.poll();
  }

  more(): void {
    if (this.underway || this.over || this.lastWords !== null || this.next > this.stream.lastPosition) return;
    if (this.polled !== null) {
      this.poll();
      return;
    }
    this.underway = true;
    this.link.process.input(this.link.server.latency() + this.heldUp(HELD_UP_CHANCE.batch), this.arrive);
  }

  private heldUp(chance: number): number {
    const { random } = this.link.server;
    return random.chance(chance) ? random.between(HELD_UP_MICROS.least, HELD_UP_MICROS.most) : 0;
  }

  /** Asks when its time has come. The answer may be what stood there just then, or a little later. */
  private poll(): void {
    const { link, polled } = this;
    if (polled === null) return;
    this.underway = true;
    const { random } = link.server;
    link.process.input(this.heldUp(HELD_UP_CHANCE.asking) + random.below(polled.everyMs * 1_000 + 1), () => {
      if (this.over) return;
      if (random.chance(LOST_ON_THE_WAY_CHANCE)) {
        this.end('messages were lost on the way', link.server.latency());
        return;
      }
      const before = this.mark;
      this.mark = polled.level.mark();
      this.question = { mark: random.chance(0.5) ? this.mark : before, answer: random.chance(0.5) ? this.batch() : null };
      link.process.input(link.server.latency() + this.heldUp(HELD_UP_CHANCE.answer), this.arrive);
    });
  }

  private readonly arrive = (): void => {
    this.underway = false;
    if (this.over || (this.link.deaf && this.lastWords === null)) return;
    const wait = this.link.stalledUntil - this.link.process.world.now;
    if (wait > 0) {
      this.underway = true;
      this.link.process.input(wait, this.arrive);
      return;
    }
    const { link, question } = this;
    this.question = null;
    const { messages, whole, last } = this.lastWords ?? question?.answer ?? this.batch();
    let handed = 0;
    for (const { position, storedAt, subject, bytes } of messages) {
      if (this.over || !link.process.alive) return;
      this.next = position + 1;
      if (!this.wants(subject)) continue;
      handed++;
      const view = link.buffer(bytes);
      try {
        this.onMessage({ position, storedAt, subject, bytes: view }, this.pending(question === null ? undefined : last));
      } finally {
        view.fill(OVERWRITTEN);
      }
    }
    if (question !== null && whole && handed === 0 && !this.over) this.polled?.level.reached(question.mark);
    this.more();
  };

  private wants(subject: string): boolean {
    return this.wantsRoot(rootOf(subject));
  }

  /** How many more there may be; 0 only where there is none, or was none when it was asked for. */
  pending(lastPosition = this.stream.lastPosition): number {
    const { firstPosition } = this.stream;
    for (let position = Math.max(this.next, firstPosition); position <= lastPosition; position++)
      if (this.wants(this.stream.at(position)?.subject ?? '')) return lastPosition - position + 1;
    return 0;
  }

  /** A random number of messages, from the next one that the stream still has. */
  private batch(): Batch {
    const { random, batch, lags } = this.link.server;
    const messages: Stored[] = [];
    const lag = this.polled !== null && lags?.chance(COPY_LAGS_CHANCE) === true ? lags.below(COPY_LAGS_BY) : 0;
    const last = this.stream.lastPosition - lag;
    let position = Math.max(this.next, this.stream.firstPosition);
    for (let left = 1 + random.below(batch); left > 0 && position <= last; left--) {
      const stored = this.stream.at(position);
      if (stored === null) break;
      messages.push(stored);
      position++;
    }
    return { messages, whole: position > last, last };
  }

  /** The link is broken: the packet underway may still come in, nothing after it. */
  breakOff(): void {
    this.lastWords ??=
      this.underway && !this.link.deaf && this.link.server.random.chance(0.5) ? this.batch() : { messages: [], whole: false, last: 0 };
  }

  streamGone(why: string): void {
    const { least, most } = HEARTBEAT_MICROS;
    this.end(why, this.link.server.random.between(least, most));
  }

  /** The reading cannot go on; the client learns of it so much later. */
  end(why: string, lateMicros: number): void {
    this.stream.followers.delete(this);
    if (this.over) return;
    this.link.process.input(lateMicros, () => {
      if (this.over) return;
      this.stop();
      this.onEnd(why);
    });
  }

  stop(): void {
    this.over = true;
    this.stream.followers.delete(this);
    this.link.readers.delete(this);
  }
}
