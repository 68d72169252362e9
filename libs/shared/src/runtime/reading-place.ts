import { rootOf } from '../contracts/index.ts';
import type { StreamMessage } from './ports.ts';
import type { Known } from './stream-identity.ts';

/** A longer message is not kept. */
const MOST_KEPT_BYTES = 1024 * 1024 + 64;

/**
 * How far a service has read in a session. What it only hears itself say, its echoes, is read a little later than the
 * rest, so it stands at two positions. The last message of all is kept whole: by it a stream, and the journal, are known
 * again.
 */
export class ReadingPlace {
  /** Roots in which it only hears itself. */
  readonly echoes: ReadonlySet<string>;
  /** Up to here all but the echoes has been read. */
  position = 0;
  /** Up to here the echoes have been read; where there are none, it is not used. */
  echoed = 0;
  /** Up to here a server said that there are no more. Copies of a stream lag behind each other: it may not have them yet. */
  echoesSought = 0;
  /** Inputs that the stream still held when the last one was read. */
  pending = 0;
  /** The last message read of all. */
  private lastPosition = 0;
  private readonly lastBytes = Buffer.allocUnsafe(MOST_KEPT_BYTES);
  private lastLength = -1;
  private lastSubject = '';
  private lastStoredAt = 0;

  constructor(echoes: ReadonlySet<string>) {
    this.echoes = echoes;
  }

  /** All that stands at or below has been read. */
  get readUpTo(): number {
    return this.echoes.size === 0 ? this.position : Math.min(this.position, this.echoed);
  }

  /** All that stands at or below has been read, or a server knew of no more of it. */
  get soughtUpTo(): number {
    return this.echoes.size === 0 ? this.position : Math.min(this.position, Math.max(this.echoed, this.echoesSought));
  }

  /** The position of the last message of all. */
  get last(): number {
    return this.lastPosition;
  }

  /** The same, where the message is kept; 0 where it is not. */
  get lastKept(): number {
    return this.lastLength >= 0 ? this.lastPosition : 0;
  }

  /** What this process believes the stream to be. */
  get known(): Known {
    return {
      position: this.lastPosition,
      subject: this.lastSubject,
      storedAt: this.lastStoredAt,
      bytes: this.lastLength < 0 ? null : this.lastBytes.subarray(0, this.lastLength),
    };
  }

  standAt(position: number): void {
    this.position = position;
    this.echoed = position;
    this.lastPosition = position;
  }

  isEcho(message: StreamMessage): boolean {
    return this.echoes.has(rootOf(message.subject));
  }

  /** A message was read: keeps it, where it is the last of all. */
  remember(message: StreamMessage): void {
    if (message.position <= this.lastPosition) return;
    this.lastPosition = message.position;
    if (message.bytes.length <= this.lastBytes.length) {
      this.lastBytes.set(message.bytes);
      this.lastLength = message.bytes.length;
    } else this.lastLength = -1;
    this.lastSubject = message.subject;
    this.lastStoredAt = message.storedAt;
  }

  /** The last message, as another holds it. */
  isLast(stored: StreamMessage): boolean {
    return (
      stored.subject === this.lastSubject &&
      stored.storedAt === this.lastStoredAt &&
      Buffer.compare(stored.bytes, this.lastBytes.subarray(0, this.lastLength)) === 0
    );
  }
}
