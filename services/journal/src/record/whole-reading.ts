import type { AdminLink, Patience, Reading, StreamMessage } from '@arb/shared/runtime';

/** `link`: the connection is no good; `full`: too much waits to be written. */
export type ReadEnd = 'link' | 'full';

/** Whoever reads a stream, over all its connections. */
export interface WholeReader {
  readonly stream: string;
  readonly patience: Patience;
  readonly take: (message: StreamMessage) => void;
  /** An invariant broke; the reading ends. */
  readonly broke: (error: Error) => void;
}

/** All of a stream, read over one connection. */
export class WholeReading {
  readonly link: AdminLink;
  /** Settles when nothing more is read. */
  readonly done: Promise<ReadEnd>;
  private readonly reader: WholeReader;
  private reading: Reading | null = null;
  private settle: (end: ReadEnd) => void = () => {};
  private over = false;
  private closed = false;

  constructor(reader: WholeReader, link: AdminLink) {
    this.reader = reader;
    this.link = link;
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** The first reason counts. */
  end(end: ReadEnd): void {
    if (this.over) return;
    this.over = true;
    this.settle(end);
  }

  async open(from: number): Promise<void> {
    const { link, reader } = this;
    void link.closed.then((why) => this.lost(why));
    this.reading = await link.read(
      reader.stream,
      from,
      null,
      (message) => this.hear(message),
      (why) => this.lost(why),
    );
  }

  close(): void {
    this.closed = true;
    this.reading?.stop();
    void this.link.close();
  }

  private hear(message: StreamMessage): void {
    if (this.over) return;
    try {
      this.reader.take(message);
    } catch (error) {
      this.reader.broke(error as Error);
    }
  }

  private lost(why: string): void {
    if (this.closed) return;
    this.reader.patience.notice(why);
    this.end('link');
  }
}
