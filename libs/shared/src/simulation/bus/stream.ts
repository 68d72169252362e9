import type { StreamInfo } from '../../runtime/ports.ts';
import { matches } from './subjects.ts';

export interface Stored {
  readonly position: number;
  readonly storedAt: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** What a message costs beside its subject and payload, as in a file store. */
const OVERHEAD_BYTES = 30;
const sizeOf = (subject: string, bytes: Uint8Array) => subject.length + bytes.length + OVERHEAD_BYTES;

/** A consumer on the server's side: told when there is something new, or when its stream is gone. */
export interface Follower {
  more(): void;
  streamGone(why: string): void;
}

/** A stream as the server keeps it: positions only grow, the oldest are purged, what does not fit is refused. */
export class SimStream {
  readonly followers = new Set<Follower>();
  /** Arrived and not yet stored: while the disk stalls. */
  readonly ingest: (() => void)[] = [];
  stalled = false;
  subjects: readonly string[];
  private kept: Stored[] = [];
  private first = 1;
  private used = 0;

  constructor(
    readonly name: string,
    readonly created: string,
    subjects: readonly string[],
    readonly maxBytes: number,
  ) {
    this.subjects = subjects;
  }

  get firstPosition(): number {
    return this.first;
  }

  get lastPosition(): number {
    return this.first + this.kept.length - 1;
  }

  takes(subject: string): boolean {
    return this.subjects.some((filter) => matches(filter, subject));
  }

  /** The new position, or null where it does not fit. */
  append(subject: string, bytes: Uint8Array, storedAt: number): number | null {
    const size = sizeOf(subject, bytes);
    if (this.used + size > this.maxBytes) return null;
    const position = this.lastPosition + 1;
    this.kept.push({ position, storedAt, subject, bytes });
    this.used += size;
    return position;
  }

  at(position: number): Stored | null {
    return this.kept[position - this.first] ?? null;
  }

  all(): readonly Stored[] {
    return this.kept;
  }

  purge(below: number): void {
    const count = Math.min(Math.max(0, below - this.first), this.kept.length);
    for (const gone of this.kept.splice(0, count)) this.used -= sizeOf(gone.subject, gone.bytes);
    this.first += count;
  }

  /** The last ones never reached the disk. Their positions will be given again. */
  shorten(count: number): number {
    const gone = count > 0 ? this.kept.splice(Math.max(0, this.kept.length - count)) : [];
    for (const message of gone) this.used -= sizeOf(message.subject, message.bytes);
    return gone.length;
  }

  info(): StreamInfo {
    return {
      created: this.created,
      firstPosition: this.first,
      lastPosition: this.lastPosition,
      bytes: this.used,
      maxBytes: this.maxBytes,
      subjects: [...this.subjects],
    };
  }
}
