import { Deque } from './deque.ts';
import type { Link } from './ports.ts';

/** What was derived again is not what was recorded: the code, or the record, is not what it claims to be. */
export class ReplayDiverged extends Error {
  readonly code = 'REPLAY_DIVERGED';
  readonly position: number;
  readonly subject: string;
  readonly expected: string;
  readonly found: string;

  constructor(source: string, position: number, subject: string, expected: string, found: string) {
    super(`REPLAY_DIVERGED: ${source} at position ${position} on ${subject}: recorded ${clip(expected)}, derived now ${clip(found)}`);
    this.position = position;
    this.subject = subject;
    this.expected = expected;
    this.found = found;
  }
}

function clip(text: string): string {
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

interface OpenEntry {
  readonly n: number;
  readonly subject: string;
  readonly bytes: Buffer;
  readonly cause: number;
  /** Monotonic ms. */
  readonly derivedAt: number;
  sentAt: number;
}

interface AheadEntry {
  readonly n: number;
  readonly position: number;
  readonly subject: string;
  readonly bytes: Buffer;
}

/**
 * The outputs of one source on their way: derived, sent, read back. Sends without waiting; an output is done when it
 * has been read back in its turn with the very bytes that were derived here.
 */
export class Outlet {
  readonly source: string;
  private open = new Deque<OpenEntry>();
  /** How many of `open`, from its start, were sent on the present link. */
  private sent = 0;
  /** Recorded already (by a twin, or before a restart), but not derived here yet. */
  private ahead = new Deque<AheadEntry>();
  private takenN = 0;
  private derivedN = 0;
  /** Monotonic ms at which something was last read back. */
  progressAt = 0;

  constructor(source: string) {
    this.source = source;
  }

  get taken(): number {
    return this.takenN;
  }

  get derived(): number {
    return this.derivedN;
  }

  get unconfirmed(): number {
    return this.open.length;
  }

  /** Sent longest ago and not read back yet. */
  get oldestSent(): { readonly n: number; readonly sentAt: number } | null {
    const first = this.open.first();
    return first === undefined || this.sent === 0 ? null : first;
  }

  get oldestUnsentAt(): number | null {
    return this.open.at(this.sent)?.derivedAt ?? null;
  }

  offer(n: number, subject: string, bytes: Buffer, cause: number, now: number): void {
    if (n !== this.derivedN + 1) throw new Error(`${this.source}: output ${n} derived after ${this.derivedN}`);
    this.derivedN = n;
    const recorded = this.ahead.first();
    if (recorded !== undefined && recorded.n === n) {
      this.compare(recorded.position, recorded.subject, recorded.bytes, subject, bytes);
      this.ahead.shift();
      return;
    }
    this.open.push({ n, subject, bytes, cause, derivedAt: now, sentAt: 0 });
  }

  /** An event of this source was read in its turn. */
  confirm(n: number, position: number, subject: string, bytes: Uint8Array, now: number): void {
    if (n <= this.takenN) return;
    this.takenN = n;
    this.progressAt = now;
    const first = this.open.first();
    if (first === undefined) {
      this.ahead.push({ n, position, subject, bytes: Buffer.from(bytes) });
      return;
    }
    if (first.n !== n) throw new Error(`${this.source}: read back output ${n} while ${first.n} is open`);
    this.compare(position, subject, bytes, first.subject, first.bytes);
    this.open.shift();
    if (this.sent > 0) this.sent--;
  }

  /** Nothing recorded before `position` may still wait to be derived: its cause stands before it, and has been handled. */
  expectDerivedBelow(position: number): void {
    const first = this.ahead.first();
    if (first !== undefined && first.position < position)
      throw new ReplayDiverged(this.source, first.position, first.subject, first.bytes.toString(), 'nothing');
  }

  /** Sends what is due: all that was derived at least `patienceMs` ago and not sent on this link yet. */
  send(link: Link, now: number, patienceMs: number): number {
    let count = 0;
    for (;;) {
      const entry = this.open.at(this.sent);
      if (entry === undefined || now - entry.derivedAt < patienceMs) return count;
      entry.sentAt = now;
      this.sent++;
      count++;
      link.publish(entry.subject, entry.bytes);
    }
  }

  /** A new link: everything that is open will be sent again. */
  unsend(): void {
    this.sent = 0;
  }

  saveOpen(): readonly { readonly subject: string; readonly body: string; readonly cause: number }[] {
    return [...this.open].map((entry) => ({ subject: entry.subject, body: entry.bytes.toString(), cause: entry.cause }));
  }

  /** State after position P: `taken` outputs were read back up to P, `open` are those derived and not taken by then. */
  load(taken: number, open: readonly { readonly subject: string; readonly body: string; readonly cause: number }[], now: number): void {
    this.takenN = taken;
    this.derivedN = taken;
    for (const { subject, body, cause } of open) this.offer(this.derivedN + 1, subject, Buffer.from(body), cause, now);
  }

  private compare(position: number, recordedSubject: string, recorded: Uint8Array, subject: string, bytes: Buffer): void {
    if (recordedSubject === subject && bytes.equals(recorded)) return;
    throw new ReplayDiverged(this.source, position, recordedSubject, Buffer.from(recorded).toString(), `${subject} ${bytes.toString()}`);
  }
}
