import type { Patience } from './patience.ts';
import type { Link, Reading, StreamMessage } from './ports.ts';
import type { ReadingPlace } from './reading-place.ts';
import type { RunDeps } from './run-deps.ts';
import type { StreamTrust } from './stream-trust.ts';

/** Nothing waits for an echo but the window of unconfirmed outputs. */
const ECHO_EVERY_MS = 10;

/**
 * Why a reading is over: `gap` where something may be missing that the journal has, `link` where the connection is no
 * good, `ended` with the session.
 */
export type ReadEnd = 'gap' | 'link' | 'ended' | 'stopped';

/** Whoever reads a stream, over all its connections. */
export interface StreamReader {
  readonly deps: Pick<RunDeps, 'service' | 'options'>;
  readonly stream: string;
  /** Roots in which it only hears itself; where there are none, all is read at once. */
  readonly echoes: ReadonlySet<string>;
  readonly place: ReadingPlace;
  readonly trust: StreamTrust;
  readonly patience: Patience;
  /** One message, input or echo. What it throws is handed to `broke`. */
  take(message: StreamMessage): void;
  /** Looks whether there are echoes left to be read. */
  countEchoes(): void;
  /** After an input, once it has been taken. */
  afterInput(message: StreamMessage): void;
  /** After an echo, and where no more are to be had. */
  afterEchoes(): void;
  /** It cannot go on; the reading ends. */
  broke(error: Error): void;
}

/**
 * A stream read over one connection, by two consumers: the inputs at once, as they come; the echoes, a service's own
 * outputs, a little later and many at a time.
 */
export class StreamReading {
  readonly link: Link;
  /** Settles when nothing more is read. */
  readonly done: Promise<ReadEnd>;
  private readonly reader: StreamReader;
  /** What stood at the end of the stream when it was joined. */
  private readonly caughtUpAt: number;
  private readonly readings: Reading[] = [];
  private settle: (end: ReadEnd) => void = () => {};
  private over = false;
  private closed = false;
  /** Since this link is there: nothing more was waiting to be read. */
  private inputsLevel = false;
  private echoesLevel: boolean;

  constructor(reader: StreamReader, link: Link, last: number) {
    this.reader = reader;
    this.link = link;
    this.caughtUpAt = last;
    this.echoesLevel = reader.echoes.size === 0;
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** All has been read that was there: what is derived from now on is new. */
  get level(): boolean {
    return this.inputsLevel && this.echoesLevel;
  }

  /** The first reason counts. */
  end(end: ReadEnd): void {
    if (this.over) return;
    this.over = true;
    this.settle(end);
  }

  async open(): Promise<void> {
    const { link, reader } = this;
    void link.closed.then((why) => this.lost(why));
    const inputs = await link.read(
      reader.stream,
      reader.place.position + 1,
      reader.deps.service,
      (message, pending) => this.input(message, pending),
      (why) => this.lost(why),
    );
    this.readings.push(inputs);
    if (inputs.pending === 0) this.inputsLevel = true;
    if (reader.echoes.size > 0 && !this.over) this.readings.push(await this.openEchoes());
  }

  close(): void {
    this.closed = true;
    for (const reading of this.readings) reading.stop();
    void this.link.close();
  }

  private input(message: StreamMessage, pending: number): void {
    const { reader } = this;
    const { place } = reader;
    place.pending = pending;
    if (this.over) return;
    if (reader.trust.mayMissSome(message)) {
      this.end('gap');
      return;
    }
    try {
      reader.take(message);
      if (pending === 0 || place.position >= this.caughtUpAt) this.inputsLevel = true;
      reader.afterInput(message);
    } catch (error) {
      this.break(error as Error);
    }
  }

  private openEchoes(): Promise<Reading> {
    const { link, reader } = this;
    const { replica, patienceMs } = reader.deps.options;
    reader.trust.echoesBegin();
    reader.place.echoesSought = 0;
    return link.readEchoes(
      reader.stream,
      reader.place.echoed + 1,
      reader.deps.service,
      // A second replica must hear of its twin's outputs before it says them itself.
      replica > 0 ? Math.min(ECHO_EVERY_MS, patienceMs / 4) : ECHO_EVERY_MS,
      {
        mark: () => reader.place.position,
        reached: (mark) => this.echoesReached(mark),
      },
      (message, pending) => this.echo(message, pending),
      (why) => this.lost(why),
    );
  }

  private echo(message: StreamMessage, pending: number): void {
    const { reader } = this;
    if (this.over) return;
    if (reader.trust.mayMissEchoes()) {
      this.end('gap');
      return;
    }
    try {
      reader.take(message);
      reader.trust.echoRead(message);
      if (pending === 0) this.echoesLevel = true;
      reader.afterEchoes();
    } catch (error) {
      this.break(error as Error);
    }
  }

  /** The server had no more of those that stand below the inputs read when it was asked. */
  private echoesReached(mark: number): void {
    const { reader } = this;
    const { trust, place } = reader;
    if (this.over) return;
    reader.countEchoes();
    if (trust.mayMissEchoes()) {
      this.end('gap');
      return;
    }
    place.echoesSought = Math.max(place.echoesSought, mark);
    this.echoesLevel = true;
    reader.afterEchoes();
  }

  /** An invariant broke: nothing more is read. */
  break(error: Error): void {
    this.reader.broke(error);
    this.end('stopped');
  }

  private lost(why: string): void {
    if (this.closed) return;
    this.reader.patience.notice(why);
    this.end('link');
  }
}
