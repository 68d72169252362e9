import type { EventType } from '@arb/shared/contracts';
import type { MarketConfig, SessionConfig } from '@arb/shared/core';
import { type Cancel, type Log, Refusal, type Shell, type ShellContext, type Time } from '@arb/shared/runtime';
import { BookOutlet } from './book-outlet.ts';
import { Connection } from './connection.ts';
import { type BookFrame, decodeFrame } from './frame.ts';
import { RateOutlet } from './rate-outlet.ts';
import { VenueHealth } from './venue-health.ts';

export interface MarketDataDeps {
  readonly time: Time;
  readonly simulatorUrl: string;
  /** In [0, 1): only for how long to wait before connecting again. */
  readonly random: () => number;
  readonly log: Log;
  /** `market.source` of the configuration, where it is known before a session is. */
  readonly source?: string;
}

const SWEEP_MS = 25;
/** A socket that gives nothing for so long is let go of. */
const SILENT_MS = 15_000;

interface Watch {
  readonly context: ShellContext;
  readonly market: MarketConfig;
  readonly books: BookOutlet;
  readonly rates: RateOutlet;
  readonly venues: ReadonlyMap<string, VenueHealth>;
}

/** Books and rates of the simulated venues, as events. Connected only while live and with the lease. */
export class MarketDataShell implements Shell {
  readonly hears: readonly EventType[] = [];
  private readonly deps: MarketDataDeps;
  private watch: Watch | null = null;
  private held = false;
  private ended = false;
  private connection: Connection | null = null;
  private cancelSweep: Cancel | null = null;
  private universeDue = false;
  private epoch = 0;
  private sourceEpoch: number | null = null;
  private seq = 0;

  constructor(deps: MarketDataDeps) {
    if (deps.source !== undefined) expectSimulated(deps.source);
    this.deps = deps;
  }

  onEvent(): void {}

  onLive(context: ShellContext): void {
    const { market } = context.config as SessionConfig;
    expectSimulated(market.source);
    this.close('a session begins');
    this.watch = {
      context,
      market,
      books: new BookOutlet(context, market),
      rates: new RateOutlet(context),
      venues: new Map(market.venues.map(({ name }) => [name, new VenueHealth(name)])),
    };
    this.openWhereAllowed();
  }

  onLease(held: boolean): void {
    this.held = held;
    if (held) this.openWhereAllowed();
    else this.close('the lease has gone');
  }

  onEnd(): void {
    this.ended = true;
    this.close('the session is over here');
  }

  // ---- open and closed ----------------------------------------------------------------------------------------------

  /** The source tells everything anew on a new socket: so the session hears of every book, rate and health. */
  private openWhereAllowed(): void {
    const { watch, deps } = this;
    if (watch === null || !this.held || this.ended || this.connection !== null) return;
    this.universeDue = true;
    for (const health of watch.venues.values()) health.begin();
    this.connection = new Connection({
      url: deps.simulatorUrl.replace(/^http/, 'ws'),
      greeting: JSON.stringify({ subscribe: { venues: watch.market.venues.map(({ name }) => name) } }),
      time: deps.time,
      random: deps.random,
      opened: () => this.opened(watch),
      frame: (bytes) => this.frame(watch, bytes),
      lost: (why, waitMs) => this.lost(watch, why, waitMs),
    });
    this.sweep(watch);
  }

  private close(why: string): void {
    this.cancelSweep?.();
    this.cancelSweep = null;
    this.connection?.close();
    this.connection = null;
    if (this.watch === null) return;
    this.watch.books.forget();
    this.watch.rates.forget();
    for (const health of this.watch.venues.values()) health.lost(why);
  }

  private opened(watch: Watch): void {
    this.deps.log('info', 'connected to the simulated venues', { url: this.deps.simulatorUrl });
    this.beginEpoch(watch);
    this.sourceEpoch = null;
    this.seq = 0;
    const now = this.deps.time.monotonicMs();
    for (const health of watch.venues.values()) health.opened(now);
  }

  private lost(watch: Watch, why: string, waitMs: number): void {
    this.deps.log('warn', `connection to the simulated venues lost: ${why}`, { url: this.deps.simulatorUrl, retryMs: Math.round(waitMs) });
    for (const health of watch.venues.values()) health.lost(why);
    this.tellHealth(watch);
  }

  /** By the clock, so that it grows over restarts too. */
  private beginEpoch({ context }: Watch): void {
    this.epoch = Math.max(this.epoch + 1, Math.floor(context.time.wallMicros() / 1_000));
  }

  // ---- what comes in ------------------------------------------------------------------------------------------------

  private frame(watch: Watch, bytes: Buffer): void {
    const receivedAt = watch.context.time.wallMicros();
    const frame = decodeFrame(bytes);
    if (frame.kind === 'book') this.book(watch, frame, receivedAt);
    else if (frame.kind === 'fx') watch.rates.offer(frame);
    else this.fault(watch, null, frame.why);
  }

  private book(watch: Watch, frame: BookFrame, receivedAt: number): void {
    const { venue, symbol, sequence, exchangeAt, bids, asks } = frame;
    const line = watch.books.line(venue, symbol);
    if (line === undefined) {
      this.fault(watch, null, `${symbol} at ${venue} is not watched`.slice(0, 120));
      return;
    }
    if (frame.seq !== this.seq + 1) this.fault(watch, venue, `frame ${frame.seq} follows ${this.seq}`);
    this.seq = frame.seq;
    if (frame.epoch !== this.sourceEpoch) {
      if (this.sourceEpoch !== null) this.beginEpoch(watch);
      this.sourceEpoch = frame.epoch;
    }
    const { epoch } = this;
    if (line.newest !== null && line.newest.epoch === epoch && sequence <= line.newest.sequence) {
      this.fault(watch, venue, `${symbol}: sequence ${sequence} follows ${line.newest.sequence}`);
      return;
    }
    const latencyMs = exchangeAt === null ? null : Math.max(0, receivedAt - exchangeAt) / 1_000;
    (watch.venues.get(venue) as VenueHealth).book(watch.context.time.monotonicMs(), latencyMs);
    this.connection?.proved();
    watch.books.offer(line, { venue, symbol, epoch, sequence, exchangeAt, receivedAt, bids, asks });
  }

  /** Of one venue; of all on this socket where the frame does not say whose it is. */
  private fault({ venues, context }: Watch, venue: string | null, why: string): void {
    const now = context.time.monotonicMs();
    for (const health of venues.values()) if (venue === null || health.venue === venue) health.fault(now, why);
  }

  // ---- many times a second ------------------------------------------------------------------------------------------

  private sweep(watch: Watch): void {
    this.cancelSweep = this.deps.time.after(SWEEP_MS, () => this.sweep(watch));
    this.tellUniverse(watch);
    this.tellHealth(watch);
    watch.rates.flush();
    watch.books.flush();
    const now = this.deps.time.monotonicMs();
    if ([...watch.venues.values()].every((health) => health.silentFor(SILENT_MS, now)))
      this.connection?.drop(`no book for ${SILENT_MS / 1_000} s`);
  }

  private tellUniverse({ context, market }: Watch): void {
    if (!this.universeDue || !context.holdsLease()) return;
    const { coins } = market;
    this.universeDue = !context.say('universe', [], { coins, mode: 'configured', why: 'market.coins of the session' });
  }

  private tellHealth({ venues, books, context }: Watch): void {
    if (!context.holdsLease()) return;
    const now = context.time.monotonicMs();
    for (const health of venues.values())
      health.tell(now, books.dropped(health.venue), (data) => context.say('health', [data.venue], data));
  }
}

function expectSimulated(source: string): void {
  if (source === 'simulated') return;
  throw new Refusal(
    `market-data: expected market.source: simulated, the only source that can be read so far, found ${source}: change market.source`,
  );
}
