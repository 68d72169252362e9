import { type AnyEvent, CATALOG, type DataOf, type EventType, type ServiceName, subjectOf } from '@arb/shared/contracts';
import type { Core, CoreContext, SessionConfig } from '@arb/shared/core';
import { drawOf } from '@arb/shared/runtime';
import { bookOf, type Market, makeMarket } from '@arb/simulator';

const SESSION = 'bench-cores';
const SEED = '1';
const JOURNAL = 'journal/0123456789';
const MARKET = 'market-data/0123456789';
const BEGIN = 1_700_000_000_000_000;

/** What a core answered, before it has a position. */
export interface Answer {
  readonly type: EventType;
  readonly subject: string;
  readonly data: unknown;
  readonly at: number;
  readonly cause: number;
  readonly basis: readonly (number | string)[];
  readonly source: string;
}

/** One core as the runtime runs it, but for encoding: events go in and out as objects, so that the core alone is measured. */
export class ObjectRunner {
  readonly wanted: ReadonlySet<string>;
  private readonly inputs: ReadonlySet<string>;
  private readonly core: Core;
  private readonly context: CoreContext;
  private readonly timers = new Map<string, number>();
  private nextTimer = Number.POSITIVE_INFINITY;
  private now = 0;
  private position = 0;
  private at = 0;
  private answer: (answer: Answer) => void = () => {};

  constructor(service: ServiceName, core: Core) {
    this.core = core;
    this.inputs = new Set<string>(['session.started', ...core.inputs]);
    this.wanted = new Set<string>([...this.inputs, 'clock']);
    const runner = this;
    this.context = {
      session: SESSION,
      get now() {
        return runner.now;
      },
      get position() {
        return runner.position;
      },
      emit: (type, words, data, basis = []) => {
        const { at, position: cause } = runner;
        runner.answer({ type, subject: subjectOf(type, ...words), data, at, cause, basis, source: service });
      },
      setTimer: (id, at) => {
        runner.timers.delete(id);
        runner.timers.set(id, at);
        runner.seekNext();
      },
      clearTimer: (id) => {
        if (runner.timers.delete(id)) runner.seekNext();
      },
      draw: (name) => drawOf(SEED, name),
    };
  }

  apply(event: AnyEvent, answer: (answer: Answer) => void): void {
    this.answer = answer;
    this.position = event.position;
    this.at = event.at;
    if (event.at > this.now) this.now = event.at;
    while (this.nextTimer <= this.now) this.fireNext();
    if (this.inputs.has(event.type)) this.core.handle(event, this.context);
  }

  private fireNext(): void {
    for (const [id, at] of this.timers)
      if (at === this.nextTimer) {
        this.timers.delete(id);
        this.seekNext();
        this.core.onTimer(id, this.context);
        return;
      }
  }

  private seekNext(): void {
    this.nextTimer = Number.POSITIVE_INFINITY;
    for (const at of this.timers.values()) if (at < this.nextTimer) this.nextTimer = at;
  }
}

export type DrawnBook = Pick<DataOf<'book'>, 'venue' | 'symbol' | 'bids' | 'asks'>;

/** A moving market of all venues and coins of a configuration, said as events. */
export class ObjectMarket {
  readonly market: Market;
  private readonly config: SessionConfig;
  private position = 0;
  private time = BEGIN;
  private said = 0;
  private readonly turns = new Map<string, number>();

  constructor(config: SessionConfig) {
    const { coins, venues, depth, booksPerSecond } = config.market;
    this.config = config;
    this.market = makeMarket({ coins, venues, depth, seed: SEED, booksPerSecond });
  }

  event(
    type: EventType,
    subject: string,
    source: string,
    data: unknown,
    rest: Partial<Pick<Answer, 'at' | 'cause' | 'basis'>> = {},
  ): AnyEvent {
    const n = (this.turns.get(source) ?? 0) + 1;
    this.turns.set(source, n);
    // Written out: spreading an object costs two microseconds.
    const event = {
      n,
      source,
      session: SESSION,
      type,
      v: CATALOG[type].v,
      at: rest.at ?? this.time,
      cause: rest.cause ?? null,
      basis: rest.basis,
      data,
      position: ++this.position,
      subject,
    };
    return event as unknown as AnyEvent;
  }

  taken(answer: Answer): AnyEvent {
    return this.event(answer.type, answer.subject, answer.source, answer.data, answer);
  }

  opening(): AnyEvent[] {
    const started = { config: this.config, configHash: '0'.repeat(64), seed: SEED, versions: {}, boot: '0123456789' };
    const events = [this.event('session.started', 'session.started', JOURNAL, { ...started, mode: 'ACTIVE', parent: null, snapshots: {} })];
    for (const { name, quote } of this.config.market.venues) {
      const health = { venue: name, state: 'HEALTHY', why: '', latencyMs: 5, reconnects: 0, conflated: 0, suspended: [] };
      events.push(this.event('health', `health.${name}`, MARKET, health));
      const symbols = this.market.instruments
        .filter((instrument) => instrument.venue === name)
        .map(({ symbol, tick }) => ({
          symbol,
          tick: (tick.unit / 10 ** tick.places).toFixed(tick.places),
          lot: quote === 'KRW' ? '0.00000001' : '0.00001',
          minNotional: quote === 'KRW' ? '5000' : '5',
        }));
      const fees = { maker: '0.0005', taker: '0.0005' };
      events.push(this.event('instruments', `instruments.${name}`, MARKET, { venue: name, fees, bands: [], symbols }));
    }
    return events;
  }

  /** The next book of the market, not yet said. */
  draw(): DrawnBook {
    const instrument = this.market.step();
    return { venue: instrument.venue, symbol: instrument.symbol, ...bookOf(instrument) };
  }

  /** A book as an event, and before it what the journal and the rates say from time to time. */
  say(drawn: DrawnBook): AnyEvent[] {
    const events: AnyEvent[] = [];
    const i = this.said++;
    this.time += Math.round(1_000_000 / this.config.market.booksPerSecond);
    const at = this.time;
    const committed = this.position;
    if (i % 100 === 0) events.push(this.event('clock', 'clock', JOURNAL, { fill: 0, committed, committedAt: at }));
    if (i % 1_000 === 0) {
      const rate = this.market.rate();
      const fx = { pair: 'KRW-USDT', rate, tier: 'single', sources: [], bankRate: rate * 0.99, stableRate: rate };
      events.push(this.event('fx', 'fx.KRW-USDT', MARKET, fx));
    }
    if (i % 50 === 0) events.push(this.event('journal.committed', 'journal.committed', JOURNAL, { to: committed, head: '0'.repeat(64) }));
    const { venue, symbol, bids, asks } = drawn;
    const book = { venue, symbol, epoch: 1, sequence: i + 1, exchangeAt: at, receivedAt: at, bids, asks };
    events.push(this.event('book', `book.${venue}.${symbol}`, MARKET, book));
    return events;
  }
}

/** Feeds an event and all that is answered to it to every core that reads it, in the order in which it was said. */
export function feedAll(
  runners: readonly ObjectRunner[],
  market: ObjectMarket,
  first: AnyEvent,
  seen: (event: AnyEvent, reader: number) => void = () => {},
): void {
  const waiting: AnyEvent[] = [first];
  const arrive = (answer: Answer): void => {
    waiting.push(market.taken(answer));
  };
  for (let at = 0; at < waiting.length; at++) {
    const event = waiting[at] as AnyEvent;
    for (let i = 0; i < runners.length; i++) {
      const runner = runners[i] as ObjectRunner;
      if (!runner.wanted.has(event.type)) continue;
      seen(event, i);
      runner.apply(event, arrive);
    }
  }
}
