import { type AdminLink, Deque, type Patience } from '@arb/shared/runtime';

const EVERY_MS = 10_000;

/** Takes from the stream what has been in the journal for long enough, whatever readers still need: they have the journal. */
export class StreamTrim {
  private readonly stream: string;
  private readonly afterMs: number;
  private readonly patience: Patience;
  private readonly trail = new Deque<{ readonly at: number; readonly to: number }>();
  private next = 0;

  constructor(stream: string, afterMs: number, patience: Patience) {
    this.stream = stream;
    this.afterMs = afterMs;
    this.patience = patience;
  }

  /** `committedTo`: up to here all is in Postgres. */
  tick(link: AdminLink, now: number, committedTo: number): void {
    if (now < this.next) return;
    this.next = now + Math.min(EVERY_MS, this.afterMs);
    this.trail.push({ at: now, to: committedTo });
    let below = 0;
    for (let first = this.trail.first(); first !== undefined && now - first.at >= this.afterMs; first = this.trail.first()) {
      below = first.to;
      this.trail.shift();
    }
    // `below` itself stays, so the stream is never empty of what was read last.
    if (below > 1) link.admin.purge(this.stream, below).catch((error: Error) => this.patience.notice(error.message));
  }
}
