import type { AdminLink, Patience } from '@arb/shared/runtime';

const EVERY_MS = 1_000;

/** How full the stream is, and how far it goes: asked now and then. */
export class StreamFill {
  /** 0 to 1. */
  fill = 0;
  /** The highest position that the stream was known to hold. */
  private highestKnown = 0;
  private readonly stream: string;
  private readonly patience: Patience;
  private next = 0;
  private asked = false;

  constructor(stream: string, patience: Patience) {
    this.stream = stream;
    this.patience = patience;
  }

  get highest(): number {
    return this.highestKnown;
  }

  /** A new connection, on which the stream went so far. */
  begin(last: number): void {
    this.known(last);
    this.asked = false;
  }

  tick(link: AdminLink, now: number): void {
    if (now < this.next || this.asked) return;
    this.next = now + EVERY_MS;
    this.asked = true;
    link
      .streamInfo(this.stream)
      .then((info) => {
        if (info === null) return;
        this.known(info.lastPosition);
        this.fill = Math.min(1, Math.round((info.bytes / info.maxBytes) * 1_000) / 1_000);
      })
      .catch((error: Error) => this.patience.notice(error.message))
      .finally(() => {
        this.asked = false;
      });
  }

  private known(position: number): void {
    this.highestKnown = Math.max(this.highestKnown, position);
  }
}
