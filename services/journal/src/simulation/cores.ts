import type { AnyEvent, CoreServiceName, DataOf } from '@arb/shared/contracts';
import type { Core, CoreContext, Json, MakeCore } from '@arb/shared/core';

/**
 * Small cores under the services' real names. Every output carries a hash over all inputs so far: an input that is lost,
 * doubled, reordered or forgotten by a snapshot shows in every later byte.
 */
interface Memory {
  hash: number;
  count: number;
  /** The version that the session names: new code that finishes an old session must say what the old one said. */
  version: string;
  every: number;
  limit: number;
  trips: number;
  exposure: number;
  open: { trip: string; decided: number }[];
}

interface Behaviour {
  readonly inputs: Core['inputs'];
  handle(memory: Memory, event: AnyEvent, context: CoreContext): void;
  onTimer(memory: Memory, id: string, context: CoreContext): void;
}

const COIN = 'BTC';
const VENUES = ['upbit', 'binance'] as const;
const PAIRS = { upbit: 'BTC-KRW', binance: 'BTC-USDT' } as const;
const TICK_MICROS = 700_000;

/** Each line of a wanted configuration that the test cores know. */
export interface TestConfig {
  readonly every: number;
  readonly limit: number;
  readonly tag: string;
}

function mix(memory: Memory, text: string): void {
  let hash = memory.hash;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  memory.hash = (hash ^ (hash >>> 15)) >>> 0;
  memory.count++;
}

function numbersOf(memory: Memory): Record<string, number> {
  const numbers: Record<string, number> = { hash: memory.hash, count: memory.count };
  if (memory.version !== '1') numbers.version = Number(memory.version);
  return numbers;
}

const behaviours: Readonly<Record<CoreServiceName, Behaviour>> = {
  aggregator: {
    inputs: ['book', 'fx'],
    handle(memory, event, context) {
      if (event.type !== 'book') return;
      const { venue, symbol, epoch, bids, asks } = event.data;
      context.emit('l2', [COIN], {
        coin: COIN,
        numeraire: 'USDT',
        venues: [{ venue, symbol, state: 'fresh', epoch, ageMs: memory.count, rate: memory.hash + 1 }],
        bids: bids.map(([price, size]) => [price, size, 0, price] as const),
        asks: asks.map(([price, size]) => [price, size, 0, price] as const),
      });
    },
    onTimer() {},
  },

  strategy: {
    inputs: ['l2', 'fill', 'position', 'command'],
    handle(memory, event, context) {
      if (event.type !== 'l2' || memory.count % memory.every !== 0) return;
      const trip = `t${++memory.trips}`;
      context.emit('decision', [COIN], decisionOf(memory, trip), [event.position]);
    },
    onTimer() {},
  },

  risk: {
    inputs: ['decision', 'position', 'journal.committed', 'l2'],
    handle(memory, event, context) {
      if (event.type === 'session.started' && memory.count === 1) context.setTimer('tick', context.now + TICK_MICROS);
      if (event.type === 'position' && event.data.state === 'CLOSED') memory.exposure--;
      if (event.type !== 'decision') return;
      const allowed = memory.exposure < memory.limit;
      if (allowed) memory.exposure++;
      sayVerdict(memory, context, allowed ? 'ALLOW' : 'BLOCK', event.data.trip, allowed ? event.data : null, [event.position]);
    },
    onTimer(memory, id, context) {
      context.setTimer(id, context.now + TICK_MICROS);
      sayVerdict(memory, context, 'COOLDOWN', null, null, []);
    },
  },

  executor: {
    inputs: ['verdict', 'book', 'journal.committed', 'command'],
    handle(memory, event, context) {
      if (event.type !== 'verdict' || event.data.outcome !== 'ALLOW' || event.data.trip === null) return;
      const trip = event.data.trip;
      memory.open.push({ trip, decided: memory.count });
      sayOrder(context, trip, 'intended');
      context.setTimer(`fill ${trip}`, context.now + 20_000 + Math.floor(context.draw(`${trip} latency`) * 400_000));
    },
    onTimer(memory, id, context) {
      const trip = id.slice('fill '.length);
      const index = memory.open.findIndex((one) => one.trip === trip);
      const [entry] = memory.open.splice(index, 1);
      const decided = entry?.decided ?? -1;
      context.emit('fill', ['upbit', PAIRS.upbit], {
        order: `${trip}-1-1`,
        trip,
        venue: 'upbit',
        symbol: PAIRS.upbit,
        side: 'buy',
        price: '1',
        quantity: '1',
        fee: { amount: '0', currency: 'KRW' },
        value: { amount: '1', currency: 'KRW' },
        slippageBps: decided,
        available: String(memory.hash),
        fillRatio: 1,
        model: 'test',
        modelVersion: memory.count,
      });
      sayOrder(context, trip, 'filled');
      context.emit('position', [COIN], {
        trip,
        coin: COIN,
        state: 'CLOSED',
        route: null,
        quantity: '1',
        pnl: null,
        parts: { hash: String(memory.hash), open: String(memory.open.length) },
        why: 'closed',
      });
      context.emit('balance', ['upbit'], { venue: 'upbit', balances: { BTC: String(memory.count) } });
    },
  },

  alerting: {
    inputs: ['order', 'health', 'quarantine', 'service.started', 'alert.delivery'],
    handle(memory, event, context) {
      if (event.type !== 'order' || memory.count % 3 !== 0) return;
      context.emit('alert', ['p2'], {
        id: `a${memory.count}`,
        key: `orders-${memory.count}`,
        rule: 'orders',
        severity: 'P2',
        state: 'raised',
        summary: `hash ${memory.hash}`,
        count: memory.count,
      });
    },
    onTimer() {},
  },
};

function decisionOf(memory: Memory, trip: string): DataOf<'decision'> {
  const [buy, sell] = VENUES;
  return {
    kind: 'enter',
    trip,
    coin: COIN,
    route: { buy, sell },
    legs: [],
    notional: { amount: '1', currency: 'USDT' },
    edgeBps: memory.count,
    validUntil: null,
    rule: null,
    limit: null,
    value: null,
    why: 'every so many books',
    numbers: numbersOf(memory),
  };
}

function sayVerdict(
  memory: Memory,
  context: CoreContext,
  outcome: DataOf<'verdict'>['outcome'],
  trip: string | null,
  decision: DataOf<'decision'> | null,
  basis: readonly number[],
): void {
  context.emit(
    'verdict',
    [COIN],
    {
      outcome,
      trip,
      coin: COIN,
      decision,
      firstRule: null,
      rule: null,
      tier: null,
      limit: memory.limit,
      value: memory.exposure,
      numbers: numbersOf(memory),
    },
    basis,
  );
}

function sayOrder(context: CoreContext, trip: string, state: 'intended' | 'filled'): void {
  context.emit('order', ['upbit', PAIRS.upbit], {
    order: `${trip}-1-1`,
    trip,
    venue: 'upbit',
    symbol: PAIRS.upbit,
    side: 'buy',
    state,
    quantity: '1',
    filled: state === 'filled' ? '1' : '0',
    limit: '1',
    reason: null,
  });
}

/** The code of a service as of some version: 2 keeps its state in another shape and says one number more. */
export function coreOf(service: CoreServiceName, version: string): MakeCore {
  const behaviour = behaviours[service];
  return () => {
    let memory: Memory = { hash: 1, count: 0, version: '1', every: 4, limit: 6, trips: 0, exposure: 0, open: [] };
    return {
      version,
      schema: Number(version),
      inputs: behaviour.inputs,
      handle(event, context) {
        mix(memory, `${event.source.split('/')[0]} ${event.type} ${event.n} ${event.at}`);
        if (event.type === 'session.started') {
          const config = event.data.config as TestConfig;
          memory.version = event.data.versions[service] ?? '1';
          memory.every = config.every;
          memory.limit = config.limit;
        }
        behaviour.handle(memory, event, context);
      },
      onTimer(id, context) {
        mix(memory, id);
        behaviour.onTimer(memory, id, context);
      },
      save: () => JSON.parse(JSON.stringify(version === '1' ? memory : { wrapped: memory })) as Json,
      load(state, schema) {
        const copy = JSON.parse(JSON.stringify(state)) as Memory & { wrapped: Memory };
        memory = schema === 1 ? copy : copy.wrapped;
      },
    };
  };
}
