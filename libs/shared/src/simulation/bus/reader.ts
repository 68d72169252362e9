import { rootOf, rootsOf, type ServiceName } from '../../contracts/index.ts';
import type { OnMessage } from '../../runtime/ports.ts';
import type { SimLink } from './link.ts';
import type { Follower, SimStream, Stored } from './stream.ts';

/** What the shared buffer holds after a call: no JSON begins so. */
const OVERWRITTEN = 0xdb;

/** How long it takes to miss two heartbeats. */
const HEARTBEAT_MICROS = { least: 100_000, most: 3_000_000 };

/** A consumer: both its server half (follows the stream) and its client half (calls the code that reads). */
export class SimReader implements Follower {
  private next: number;
  /** Null reads all. */
  private readonly roots: ReadonlySet<string> | null;
  private underway = false;
  private over = false;
  /** Once the link is broken: what was sent before, and nothing that the stream got since. */
  private lastWords: readonly Stored[] | null = null;

  constructor(
    private readonly link: SimLink,
    private readonly stream: SimStream,
    from: number,
    service: ServiceName | null,
    private readonly onMessage: OnMessage,
    private readonly onEnd: (why: string) => void,
  ) {
    this.next = from;
    this.roots = service === null ? null : rootsOf(service);
    stream.followers.add(this);
    link.readers.add(this);
    this.more();
  }

  more(): void {
    if (this.underway || this.over || this.lastWords !== null || this.next > this.stream.lastPosition) return;
    this.underway = true;
    this.link.process.input(this.link.server.latency(), this.arrive);
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
    const { link } = this;
    for (const { position, storedAt, subject, bytes } of this.lastWords ?? this.batch()) {
      if (this.over || !link.process.alive) return;
      this.next = position + 1;
      if (!this.wants(subject)) continue;
      const view = link.buffer(bytes);
      try {
        this.onMessage({ position, storedAt, subject, bytes: view }, this.pending());
      } finally {
        view.fill(OVERWRITTEN);
      }
    }
    this.more();
  };

  private wants(subject: string): boolean {
    return this.roots === null || this.roots.has(rootOf(subject));
  }

  /** How many more there may be; 0 only where there is none. */
  pending(): number {
    const { lastPosition, firstPosition } = this.stream;
    for (let position = Math.max(this.next, firstPosition); position <= lastPosition; position++)
      if (this.wants(this.stream.at(position)?.subject ?? '')) return lastPosition - position + 1;
    return 0;
  }

  /** A random number of messages, from the next one that the stream still has. */
  private batch(): Stored[] {
    const { random, batch } = this.link.server;
    const messages: Stored[] = [];
    let position = Math.max(this.next, this.stream.firstPosition);
    for (let left = 1 + random.below(batch); left > 0; left--) {
      const stored = this.stream.at(position++);
      if (stored === null) break;
      messages.push(stored);
    }
    return messages;
  }

  /** The link is broken: the packet underway may still come in, nothing after it. */
  breakOff(): void {
    this.lastWords ??= this.underway && !this.link.deaf && this.link.server.random.chance(0.5) ? this.batch() : [];
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
