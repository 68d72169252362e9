import { scan } from '@arb/shared/contracts';

/** What follows from a book, each from the one before it. One writer says each of them. */
export const LINKS = ['l2', 'decision', 'verdict', 'order'] as const;
export type Link = (typeof LINKS)[number];

/** Times in ms of one process' clock. */
export interface Heard {
  /** By the book's number. */
  readonly sent: readonly (readonly [sequence: number, at: number])[];
  /** By the writer's own count of the root. */
  readonly links: Readonly<Record<Link, readonly (readonly [n: number, at: number])[]>>;
}

/** More than any run here makes; above it a measurement would eat this process' memory and slow what it measures. */
const MOST = 1_000_000;

/**
 * When each book was sent and when each event after it was first heard, by one clock. What a viewer is given does not say where it stands in
 * the stream, so which event came of which is read from the journal afterwards.
 */
export class Arrivals {
  private readonly sentAt = new Map<number, number>();
  private readonly heardAt: Readonly<Record<Link, Map<number, number>>> = {
    l2: new Map(),
    decision: new Map(),
    verdict: new Map(),
    order: new Map(),
  };

  /** A book that was refused is sent again: the last time counts. */
  sent(sequence: number, at: number): void {
    if (this.sentAt.size >= MOST) throw new Error(`expected at most ${MOST} books in one measurement, found more: make it shorter`);
    this.sentAt.set(sequence, at);
  }

  heard(link: Link, subject: string, bytes: Uint8Array, at: number): void {
    const scanned = scan(subject, bytes);
    if (typeof scanned === 'string') throw new Error(`expected an event on ${subject}, found one that ${scanned}`);
    const known = this.heardAt[link];
    if (known.has(scanned.n)) return;
    if (known.size >= MOST) throw new Error(`expected at most ${MOST} events of ${link} in one measurement, found more: make it shorter`);
    known.set(scanned.n, at);
  }

  all(): Heard {
    const { l2, decision, verdict, order } = this.heardAt;
    return { sent: [...this.sentAt], links: { l2: [...l2], decision: [...decision], verdict: [...verdict], order: [...order] } };
  }
}
