import { rootOf } from '../contracts/index.ts';
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

/** What an output consists of: its bytes, or for whoever publishes nothing, what can be held against the recorded ones. */
export interface Body {
  equals(bytes: Uint8Array): boolean;
  toString(): string;
}

interface OpenEntry<B extends Body> {
  readonly n: number;
  /** Counts over all roots: in this order they are sent. */
  readonly order: number;
  readonly subject: string;
  readonly bytes: B;
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

/** What a source says in one root, where it counts by itself. */
class Lane<B extends Body> {
  readonly open = new Deque<OpenEntry<B>>();
  /** Recorded already (by a twin, or before a restart), but not derived here yet. */
  readonly ahead = new Deque<AheadEntry>();
  /** How many of `open`, from its start, were sent on the present link. */
  sent = 0;
  taken = 0;
  derived = 0;
}

export interface OpenOutputs {
  readonly subject: string;
  readonly body: string;
  readonly cause: number;
}

/** An output that stood open at some moment. */
export type StoodOpen<B extends Body = Buffer> = Pick<OpenEntry<B>, 'n' | 'subject' | 'bytes' | 'cause'>;

/**
 * The outputs of one source on their way: derived, sent, read back. Sends without waiting, in the order of deriving; an
 * output is done when it has been read back in its turn with the very bytes that were derived here.
 */
export class Outlet<B extends Body = Buffer> {
  readonly source: string;
  private readonly lanes = new Map<string, Lane<B>>();
  private order = 0;
  private openCount = 0;
  private unsentCount = 0;
  private aheadCount = 0;
  /** Monotonic ms at which something was last read back. */
  progressAt = 0;

  constructor(source: string) {
    this.source = source;
  }

  taken(root: string): number {
    return this.lanes.get(root)?.taken ?? 0;
  }

  derived(root: string): number {
    return this.lanes.get(root)?.derived ?? 0;
  }

  /** Nothing was ever derived here. */
  get silent(): boolean {
    return this.order === 0;
  }

  get unconfirmed(): number {
    return this.openCount;
  }

  /** Recorded already, and to be derived yet. */
  get ahead(): number {
    return this.aheadCount;
  }

  /** Sent longest ago and not read back yet. */
  get oldestSent(): { readonly root: string; readonly n: number; readonly sentAt: number } | null {
    let oldest: { root: string; n: number; sentAt: number } | null = null;
    for (const [root, lane] of this.lanes) {
      const first = lane.sent > 0 ? lane.open.first() : undefined;
      if (first !== undefined && (oldest === null || first.sentAt < oldest.sentAt)) oldest = { root, n: first.n, sentAt: first.sentAt };
    }
    return oldest;
  }

  offer(n: number, subject: string, bytes: B, cause: number, now: number): void {
    const root = rootOf(subject);
    const lane = this.laneOf(root);
    if (n !== lane.derived + 1) throw new Error(`${this.source}: output ${n} of ${root} derived after ${lane.derived}`);
    lane.derived = n;
    this.order++;
    const recorded = lane.ahead.first();
    if (recorded !== undefined && recorded.n === n) {
      this.compare(recorded.position, recorded.subject, recorded.bytes, subject, bytes);
      lane.ahead.shift();
      this.aheadCount--;
      return;
    }
    lane.open.push({ n, order: this.order, subject, bytes, cause, derivedAt: now, sentAt: 0 });
    this.openCount++;
    this.unsentCount++;
  }

  /** What waits to be read back next in this root, if it has this number. */
  waiting(root: string, n: number): { readonly subject: string; readonly bytes: B } | null {
    const first = this.lanes.get(root)?.open.first();
    return first?.n === n ? first : null;
  }

  /** An event of this source was read in its turn. True where another said what waits here to be sent. */
  confirm(n: number, position: number, subject: string, bytes: Uint8Array, now: number): boolean {
    const lane = this.laneOf(rootOf(subject));
    if (n <= lane.taken) return false;
    lane.taken = n;
    this.progressAt = now;
    const first = lane.open.first();
    if (first === undefined) {
      lane.ahead.push({ n, position, subject, bytes: Buffer.from(bytes) });
      this.aheadCount++;
      return true;
    }
    if (first.n !== n) throw new Error(`${this.source}: read back output ${n} of ${rootOf(subject)} while ${first.n} is open`);
    this.compare(position, subject, bytes, first.subject, first.bytes);
    lane.open.shift();
    this.openCount--;
    if (lane.sent > 0) {
      lane.sent--;
      return false;
    }
    this.unsentCount--;
    return true;
  }

  /** Nothing recorded before `position` may still wait to be derived: its cause stands before it, and has been handled. */
  expectDerivedBelow(position: number): void {
    if (this.aheadCount === 0) return;
    for (const lane of this.lanes.values()) {
      const first = lane.ahead.first();
      if (first !== undefined && first.position < position)
        throw new ReplayDiverged(this.source, first.position, first.subject, first.bytes.toString(), 'nothing');
    }
  }

  /** Sends what is due, in order: all that was derived at least `patienceMs` ago and not sent on this link yet. */
  send(this: Outlet, link: Link, now: number, patienceMs: number): number {
    let count = 0;
    while (this.unsentCount > 0) {
      let next: Lane<Buffer> | null = null;
      let entry: OpenEntry<Buffer> | undefined;
      for (const lane of this.lanes.values()) {
        const unsent = lane.open.at(lane.sent);
        if (unsent === undefined || (entry !== undefined && unsent.order > entry.order)) continue;
        entry = unsent;
        next = lane;
      }
      if (entry === undefined || next === null || now - entry.derivedAt < patienceMs) break;
      entry.sentAt = now;
      next.sent++;
      this.unsentCount--;
      count++;
      link.publish(entry.subject, entry.bytes);
    }
    return count;
  }

  /** A new link: everything that is open will be sent again. */
  unsend(): void {
    for (const lane of this.lanes.values()) lane.sent = 0;
    this.unsentCount = this.openCount;
  }

  /** All that is open now, in the order of deriving. */
  standing(): readonly StoodOpen<B>[] {
    return [...this.lanes.values()].flatMap((lane) => [...lane.open]).sort((a, b) => a.order - b.order);
  }

  /** Those of `stood` that have not been read back since; all that are open, where none are named. */
  saveOpen(stood: readonly StoodOpen<B>[] = this.standing()): readonly OpenOutputs[] {
    return stood
      .filter(({ n, subject }) => n > this.taken(rootOf(subject)))
      .map(({ subject, bytes, cause }) => ({ subject, body: bytes.toString(), cause }));
  }

  /** State after position P: of each root the number read back up to P; `open` are those derived and not taken by then. */
  load(taken: ReadonlyMap<string, number>, open: readonly OpenOutputs[], now: number): void {
    for (const [root, n] of taken) {
      const lane = this.laneOf(root);
      lane.taken = n;
      lane.derived = n;
    }
    for (const { subject, body, cause } of open)
      this.offer(this.derived(rootOf(subject)) + 1, subject, Buffer.from(body) as Body as B, cause, now);
  }

  private laneOf(root: string): Lane<B> {
    let lane = this.lanes.get(root);
    if (lane === undefined) {
      lane = new Lane();
      this.lanes.set(root, lane);
    }
    return lane;
  }

  private compare(position: number, recordedSubject: string, recorded: Uint8Array, subject: string, bytes: Body): void {
    if (recordedSubject === subject && bytes.equals(recorded)) return;
    throw new ReplayDiverged(this.source, position, recordedSubject, Buffer.from(recorded).toString(), `${subject} ${bytes.toString()}`);
  }
}
