import type { Outlet } from './outlet.ts';
import type { Link } from './ports.ts';

/** One output on its way. */
export interface Sent {
  readonly source: string;
  readonly root: string;
  readonly n: number;
}

interface Asked extends Sent {
  /** Where the stream ended when it answered; null until it has. */
  last: number | null;
  /** Up to where it had been read when something was last read, and when that was, or when it answered. */
  read: number;
  readAt: number;
}

export interface InquiryOptions {
  readonly outlets: readonly Outlet[];
  readonly stream: string;
  readonly askAfterMs: number;
  readonly now: () => number;
  /** Up to where the stream has been read. */
  readonly position: () => number;
  /** It is not in the stream: it must be sent again, on a connection of its own. */
  readonly lost: (what: Sent) => void;
  /** The stream cannot be asked: the connection is no good, or the stream is gone. */
  readonly failed: (why: string) => void;
}

/**
 * What was sent long ago and not read back: the stream is asked where it stands and read up to there. An output that is
 * still missing then is asked after once more before it is called lost, since a server under load may answer before it has
 * stored what reached it earlier.
 */
export class Inquiry {
  private readonly options: InquiryOptions;
  private link: Link | null = null;
  private asked: Asked | null = null;
  /** Of each source the output that was missing when it was last asked after: two that are missing must not hide each other. */
  private readonly suspects = new Map<string, Sent & { readonly at: number }>();

  constructor(options: InquiryOptions) {
    this.options = options;
  }

  /** A new connection, on which everything is sent anew; or none. */
  on(link: Link | null): void {
    this.link = link;
    this.asked = null;
  }

  /** Several times a second while the connection is used. */
  tick(): void {
    const { link, options, asked } = this;
    if (link === null) return;
    const now = options.now();
    if (asked !== null) {
      if (asked.last !== null && this.silentFor(asked, now) >= options.askAfterMs) this.settle(asked);
      return;
    }
    for (const outlet of options.outlets) {
      const oldest = outlet.oldestSent;
      if (oldest === null || now - oldest.sentAt < options.askAfterMs) continue;
      const sent: Sent = { source: outlet.source, root: oldest.root, n: oldest.n };
      const suspect = this.suspectOf(sent);
      if (suspect !== null && now - suspect.at < options.askAfterMs) continue;
      this.ask(link, sent);
      return;
    }
  }

  /** A message was read. */
  read(): void {
    const { asked } = this;
    if (asked !== null && asked.last !== null && this.options.position() >= asked.last) this.settle(asked);
  }

  private ask(link: Link, sent: Sent): void {
    const { options } = this;
    const asked: Asked = { ...sent, last: null, read: options.position(), readAt: options.now() };
    this.asked = asked;
    link.streamInfo(options.stream).then(
      (info) => {
        if (this.link !== link || this.asked !== asked) return;
        if (info === null) {
          options.failed(`stream ${options.stream} is gone`);
          return;
        }
        asked.last = info.lastPosition;
        asked.readAt = options.now();
        this.read();
      },
      (error: Error) => {
        if (this.link === link) options.failed(error.message);
      },
    );
  }

  /** What stands last may be of a root that is not read here: then nothing comes any more, and all has been read. */
  private silentFor(asked: Asked, now: number): number {
    const read = this.options.position();
    if (read !== asked.read) {
      asked.read = read;
      asked.readAt = now;
    }
    return now - asked.readAt;
  }

  private suspectOf({ source, root, n }: Sent): { readonly at: number } | null {
    const suspect = this.suspects.get(source);
    return suspect?.root === root && suspect.n === n ? suspect : null;
  }

  private settle({ source, root, n }: Sent): void {
    this.asked = null;
    const outlet = this.options.outlets.find((one) => one.source === source);
    if (outlet === undefined || outlet.taken(root) >= n) return;
    if (this.suspectOf({ source, root, n }) === null) {
      this.suspects.set(source, { source, root, n, at: this.options.now() });
      return;
    }
    this.suspects.delete(source);
    this.options.lost({ source, root, n });
  }
}
