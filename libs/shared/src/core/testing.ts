import { CATALOG, type DataOf, type EventType, faultOfOutput, type PositionRef, type StreamEvent, subjectOf } from '../contracts/index.ts';
import type { SessionConfig } from './config.ts';
import type { Core, CoreContext, Json, MakeCore } from './core.ts';

/** One input as a test says it: type, the subject's words after the first, data, and its `at` (µs) where it matters. */
export interface Input<K extends EventType = EventType> {
  readonly type: K;
  readonly words: readonly string[];
  readonly data: DataOf<K>;
  readonly at?: number;
}

export function input<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, at?: number): Input<K> {
  return at === undefined ? { type, words, data } : { type, words, data, at };
}

/** What a core answered, as a reader would get it. */
export interface Emitted<K extends EventType = EventType> {
  readonly type: K;
  readonly words: readonly string[];
  readonly data: DataOf<K>;
  readonly basis: readonly PositionRef[];
  /** Position of the input being handled. */
  readonly cause: number;
}

const START_AT = 1_700_000_000_000_000;
const AHEAD_OF_CLOCK = 1_000_000;
/** Inputs found well-formed: several benches are often fed the same one. */
const CHECKED = new WeakSet<object>();

/** A number in [0, 1) from a text: FNV-1a, then mixed so that near names lie far apart. */
export function drawFrom(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** A seeded sequence of numbers in [0, 1) for tests. */
export function randomSequence(seed: string): () => number {
  let drawn = 0;
  return () => drawFrom(`${seed}#${drawn++}`);
}

/** A whole configuration: two venues, three coins, and limits that a test can reach. */
export const TEST_CONFIG: SessionConfig = {
  market: {
    source: 'simulated',
    coins: ['BTC', 'ETH', 'XRP'],
    venues: [
      { name: 'upbit', quote: 'KRW' },
      { name: 'binance', quote: 'USDT' },
    ],
    booksPerSecond: 60,
    depth: 10,
    seed: 'seed',
  },
  aggregator: { numeraire: 'USDT', staleAfterMs: 5000, staleRateMs: 60_000, levels: 20 },
  strategy: {
    minEdgeBps: 15,
    exitEdgeBps: 2,
    takeProfitBps: 100,
    stopLossBps: 100,
    maxHoldSeconds: 20,
    notional: '500',
    feeBps: { upbit: 5, binance: 10 },
    feesFrom: 'config',
    feeSchedules: {},
    fxCostBps: 0,
    slippageBps: 0,
    inventoryCostBps: 0,
    scoreWeights: { spread: 40, health: 30, fees: 20, inventory: 10 },
    fullEdgeBps: 50,
    minScore: 0,
    maxOpenTrips: 10,
    maxTripsPerCoin: 1,
    cooldownMs: 500,
    abnormalEdgeBps: 500,
    decisionTtlMs: 1000,
    refusalMs: 5000,
    rebalanceImbalance: 1,
    rebalanceExposure: 1,
    rebalanceSeconds: 300,
    transfers: {},
  },
  risk: { maxExposure: '1200', maxPerCoin: '1000', currency: 'USDT', maxJournalLagMs: 5000, staleFxMs: 60_000 },
  executor: {
    fillModel: 'depth',
    calibration: { version: 1, edgeBps: [], size: [], volatilityBps: [], ratios: [1] },
    timeInForce: 'IOC',
    sendErrorRate: 0,
    unmatched: { policy: 'reverse', priceLimitBps: 500, timeLimitMs: 5000, pauseMs: 1000 },
    kpiSeconds: 10,
    latencyMs: { upbit: { min: 4, max: 12 }, binance: { min: 2, max: 8 } },
    openingBalances: {
      upbit: { KRW: '50000000', BTC: '0.5', ETH: '10', XRP: '20000' },
      binance: { USDT: '40000', BTC: '0.5', ETH: '10', XRP: '20000' },
    },
  },
  alerting: { routing: 'production', rules: null },
  journal: {
    clockMs: 100,
    batchRows: 2000,
    batchMs: 5,
    committedMs: 50,
    streamMaxBytes: 1_073_741_824,
    trimSeconds: 60,
    retentionDays: 7,
    minFreeDiskMb: 100,
  },
};

/** The first event of a session. */
export function started(config: SessionConfig = TEST_CONFIG, change: Partial<DataOf<'session.started'>> = {}): Input<'session.started'> {
  return input('session.started', [], {
    config,
    configHash: '0'.repeat(64),
    seed: 'seed',
    versions: {},
    boot: 'abcdefgh',
    mode: 'ACTIVE',
    parent: null,
    snapshots: {},
    ...change,
  });
}

export function bookOf(
  venue: string,
  symbol: string,
  bids: DataOf<'book'>['bids'],
  asks: DataOf<'book'>['asks'],
  receivedAt: number,
): Input<'book'> {
  return input('book', [venue, symbol], { venue, symbol, epoch: 1, sequence: 1, exchangeAt: null, receivedAt, bids, asks }, receivedAt);
}

export function rateOf(pair: string, rate: number): Input<'fx'> {
  return input('fx', [pair], { pair, rate, tier: 'single', sources: [] });
}

/**
 * Runs one core the way the runtime does, in memory: positions, core time, timers by (time, order of creation), draws.
 * Every input and every output is held to its contract; an output is copied at once, so that a core which later changes
 * what it has said is found out.
 */
export class CoreBench {
  readonly core: Core;
  session = 's1';
  now = START_AT;
  position = 0;
  readonly emitted: Emitted[] = [];
  private clock = START_AT;
  private timers: { id: string; at: number; created: number }[] = [];
  private created = 0;
  private outputs = 0;
  private readonly source: string;
  private readonly seed: string;

  /** `service` is the name the core writes under. */
  constructor(make: MakeCore, service: string, seed = 'seed') {
    this.core = make();
    this.source = service;
    this.seed = seed;
  }

  /** A new session: positions begin again, and nothing else does. Follow it with `session.started`. */
  enter(session: string): void {
    this.session = session;
    this.position = 0;
    this.outputs = 0;
  }

  /** Feeds one input; returns what was emitted for it, timers that came due first. Types the core does not read only pass time. */
  feed<K extends EventType>(given: Input<K>): Emitted[] {
    const { type, words, data } = given;
    const at = given.at ?? this.now;
    const subject = subjectOf(type, ...words);
    const fault = CHECKED.has(data) ? null : CATALOG[type].shape(data, 'data');
    CHECKED.add(data);
    if (fault !== null) throw new Error(`bench: the test fed a malformed ${type}: ${fault}`);
    this.position++;
    if (type === 'clock') this.clock = Math.max(this.clock, at);
    this.now = Math.max(this.now, type === 'clock' ? this.clock : Math.min(at, this.clock + AHEAD_OF_CLOCK));
    const from = this.emitted.length;
    const context = this.context();
    for (let timer = this.takeDue(); timer !== undefined; timer = this.takeDue()) this.core.onTimer(timer.id, context);
    // A core reads its own outputs back as confirmations only: they take a position and no more.
    const own = CATALOG[type].by === 'core' && (CATALOG[type].writers as readonly string[]).includes(this.source);
    if (!own && this.core.inputs.includes(type)) {
      const header = { n: this.position, source: 'test', session: this.session, v: 1, at, cause: null };
      const event: StreamEvent<K> = { ...header, type, position: this.position, subject, data };
      this.core.handle(event as never, context);
    }
    return this.emitted.slice(from);
  }

  /** A `clock` that many milliseconds on. */
  pass(ms: number, data: DataOf<'clock'> = { fill: 0, committed: 0, committedAt: this.now + ms * 1000 }): Emitted[] {
    return this.feed(input('clock', [], data, this.now + ms * 1000));
  }

  /** All emitted events of one type. */
  said<K extends EventType>(type: K): Emitted<K>[] {
    return this.emitted.filter((event) => event.type === type) as unknown as Emitted<K>[];
  }

  save(): string {
    const { session, now, position, clock, timers, created, outputs } = this;
    return JSON.stringify({ session, now, position, clock, timers, created, outputs, schema: this.core.schema, core: this.core.save() });
  }

  /** What a fresh process knows after it has read a snapshot. */
  static restored(make: MakeCore, service: string, saved: string, seed = 'seed'): CoreBench {
    const bench = new CoreBench(make, service, seed);
    const { core, schema, ...rest } = JSON.parse(saved) as { core: Json; schema: number };
    Object.assign(bench, rest);
    bench.core.load(core, schema);
    return bench;
  }

  private takeDue(): { id: string } | undefined {
    let due = -1;
    for (let i = 0; i < this.timers.length; i++) {
      const timer = this.timers[i] as (typeof this.timers)[number];
      const best = this.timers[due];
      if (timer.at > this.now) continue;
      if (best === undefined || timer.at < best.at || (timer.at === best.at && timer.created < best.created)) due = i;
    }
    return due < 0 ? undefined : this.timers.splice(due, 1)[0];
  }

  private context(): CoreContext {
    return {
      session: this.session,
      now: this.now,
      position: this.position,
      emit: (type, words, data, basis = []) => {
        const header = { n: ++this.outputs, source: this.source, session: this.session, type, v: 1, at: this.now, cause: this.position };
        const text = JSON.stringify(data);
        const fault = faultOfOutput(subjectOf(type, ...words), header, data);
        if (fault !== null) throw new Error(`bench: ${this.source} emitted a malformed ${type}: ${fault} in ${text}`);
        this.emitted.push({ type, words: [...words], data: JSON.parse(text), basis: [...basis], cause: this.position });
      },
      setTimer: (id, at) => {
        this.timers = this.timers.filter((timer) => timer.id !== id);
        this.timers.push({ id, at, created: this.created++ });
      },
      clearTimer: (id) => {
        this.timers = this.timers.filter((timer) => timer.id !== id);
      },
      draw: (name) => drawFrom(`${this.seed}/${name}`),
    };
  }
}

/**
 * Feeds the same script to a core that lives through it and to one that is saved, turned into JSON and loaded into a
 * fresh core before each input named in `cuts`. The two texts hold all they said and their final state: they must be equal.
 */
export function livedAndRestored(
  make: MakeCore,
  service: string,
  script: readonly Input[],
  cuts: readonly number[],
): { lived: string; restored: string; emitted: readonly Emitted[] } {
  const lived = new CoreBench(make, service);
  for (const given of script) lived.feed(given);
  let bench = new CoreBench(make, service);
  const said: Emitted[] = [];
  script.forEach((given, i) => {
    if (cuts.includes(i)) bench = CoreBench.restored(make, service, bench.save());
    said.push(...bench.feed(given));
  });
  return {
    lived: JSON.stringify([lived.emitted, lived.save()]),
    restored: JSON.stringify([said, bench.save()]),
    emitted: lived.emitted,
  };
}
