import type { Outlet } from './outlet.ts';
import type { Link } from './ports.ts';

/** One output on its way. */
export interface Sent {
  readonly source: string;
  readonly root: string;
  readonly n: number;
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
  private asked: (Sent & { last: number | null }) | null = null;
  private suspect: (Sent & { readonly at: number }) | null = null;

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
    const { link, options } = this;
    if (link === null || this.asked !== null) return;
    const now = options.now();
    for (const outlet of options.outlets) {
      const oldest = outlet.oldestSent;
      if (oldest === null || now - oldest.sentAt < options.askAfterMs) continue;
      const sent: Sent = { source: outlet.source, root: oldest.root, n: oldest.n };
      if (this.suspects(sent) && now - (this.suspect?.at ?? 0) < options.askAfterMs) continue;
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
    const asked: Sent & { last: number | null } = { ...sent, last: null };
    this.asked = asked;
    link.streamInfo(options.stream).then(
      (info) => {
        if (this.link !== link || this.asked !== asked) return;
        if (info === null) {
          options.failed(`stream ${options.stream} is gone`);
          return;
        }
        asked.last = info.lastPosition;
        this.read();
      },
      (error: Error) => {
        if (this.link === link) options.failed(error.message);
      },
    );
  }

  private suspects({ source, root, n }: Sent): boolean {
    return this.suspect !== null && this.suspect.source === source && this.suspect.root === root && this.suspect.n === n;
  }

  private settle({ source, root, n }: Sent): void {
    this.asked = null;
    const outlet = this.options.outlets.find((one) => one.source === source);
    if (outlet === undefined || outlet.taken(root) >= n) return;
    if (!this.suspects({ source, root, n })) {
      this.suspect = { source, root, n, at: this.options.now() };
      return;
    }
    this.suspect = null;
    this.options.lost({ source, root, n });
  }
}
