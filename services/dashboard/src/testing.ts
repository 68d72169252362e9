import { type AnyEvent, CATALOG, type DataOf, type EventType, subjectOf } from '@arb/shared/contracts';

const START_AT = 1_700_000_000_000_000;

/** Makes well-formed events of one session, in order; a test says only what matters to it. */
export function makeTape(session = 's1', startAt = START_AT) {
  let position = 0;
  let at = startAt;
  return {
    /** Moves the events' time on. */
    wait(ms: number): void {
      at += ms * 1_000;
    },
    get at(): number {
      return at;
    },
    event<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>): AnyEvent {
      position++;
      const fault = CATALOG[type].shape(data, 'data');
      if (fault !== null) throw new Error(`a test would make a malformed ${type}: ${fault}`);
      const source = CATALOG[type].writers[0] as string;
      const header = { n: position, source, session, type, v: 1, at, cause: null, position, subject: subjectOf(type, ...words), data };
      return header as unknown as AnyEvent;
    },
  };
}
export type Tape = ReturnType<typeof makeTape>;

/** What the view reads of a configuration, and more that it does not. */
export const CONFIG = {
  market: {
    source: 'simulated',
    coins: ['BTC', 'ETH', 'XRP'],
    venues: [
      { name: 'upbit', quote: 'KRW' },
      { name: 'binance', quote: 'USDT' },
    ],
    depth: 10,
  },
  aggregator: { numeraire: 'USDT', staleAfterMs: 5000 },
  strategy: { minEdgeBps: 15, notional: '500' },
  risk: { maxExposure: '1200', maxPerCoin: '1000' },
  executor: { fillModel: 'depth' },
};

export function sessionStarted(tape: Tape): AnyEvent {
  return tape.event('session.started', [], {
    config: CONFIG,
    configHash: '0'.repeat(64),
    seed: 'seed',
    versions: {},
    boot: 'abcdefgh',
    mode: 'ACTIVE',
    parent: null,
    snapshots: {},
  });
}

export const clock = (tape: Tape, data: Partial<DataOf<'clock'>> = {}): AnyEvent =>
  tape.event('clock', [], { fill: 0.01, committed: 1, committedAt: tape.at - 8_000, ...data });

/** Two fresh venues, upbit first; `lift` moves upbit's prices up, in bps. */
export function l2(tape: Tape, coin = 'BTC', price = 100, lift = 0, levels = 1): AnyEvent {
  const side = (sign: 1 | -1): DataOf<'l2'>['bids'] => {
    const upbit = price * (1 + lift / 10_000);
    const steps = Array.from({ length: levels }, (_, i) => sign * price * 0.0001 * (i + 1));
    const all = steps.flatMap((step, i) => [
      [upbit + step, 1 + i / 4, 0, (upbit + step) * 1400] as const,
      [price + step, 2 + i / 3, 1, price + step] as const,
    ]);
    return all.sort((a, b) => sign * (a[0] - b[0]));
  };
  return tape.event('l2', [coin], {
    coin,
    numeraire: 'USDT',
    venues: [
      { venue: 'upbit', symbol: `${coin}-KRW`, state: 'fresh', epoch: 1, ageMs: 3, rate: 1 / 1400 },
      { venue: 'binance', symbol: `${coin}-USDT`, state: 'fresh', epoch: 1, ageMs: 12, rate: 1 },
    ],
    bids: side(-1),
    asks: side(1),
  });
}

export function trip(tape: Tape, id: string, state: DataOf<'position'>['state'], pnl: string | null = null, currency = 'USDT'): AnyEvent {
  return tape.event('position', ['BTC'], {
    trip: id,
    coin: 'BTC',
    state,
    route: { buy: 'binance', sell: 'upbit' },
    quantity: '0.004',
    pnl: pnl === null ? null : { amount: pnl, currency },
    parts: pnl === null ? {} : { gross: pnl, fees: '0', fx: '0', residual: '0' },
    why: 'both legs filled',
  });
}

/** One that is over and has left so much of its coin on one leg. */
export function leftOver(tape: Tape, id: string, state: DataOf<'position'>['state'], kept: string): AnyEvent {
  const over = trip(tape, id, state, '-1') as Extract<AnyEvent, { type: 'position' }>;
  const log = {
    enteredAt: 1,
    endedAt: 2,
    notional: null,
    edgeBps: null,
    score: null,
    enterRule: null,
    exitRule: null,
    exits: 1,
    unwinds: 0,
  };
  return { ...over, data: { ...over.data, log: { ...log, kept, unhedged: 0, legs: [], model: 'depth', modelVersion: 1 } } };
}

export function fill(tape: Tape, order: string): AnyEvent {
  return tape.event('fill', ['upbit', 'BTC-KRW'], {
    order,
    trip: 'trip-1',
    venue: 'upbit',
    symbol: 'BTC-KRW',
    side: 'sell',
    price: '140012000',
    quantity: '0.004',
    fee: { amount: '280.024', currency: 'KRW' },
    value: { amount: '560048', currency: 'KRW' },
    slippageBps: 0.42,
    available: '1.2',
    fillRatio: 1,
    model: 'depth',
    modelVersion: 1,
  });
}

export function order(tape: Tape, id: string, state: DataOf<'order'>['state']): AnyEvent {
  return tape.event('order', ['upbit', 'BTC-KRW'], {
    order: id,
    trip: 'trip-1',
    venue: 'upbit',
    symbol: 'BTC-KRW',
    side: 'sell',
    state,
    quantity: '0.004',
    filled: state === 'filled' ? '0.004' : '0',
    limit: '139900000',
    reason: state === 'rejected' ? 'the price moved away' : null,
  });
}

export function heartbeat(tape: Tape, service: string, boot: string, change: Partial<DataOf<'service.heartbeat'>> = {}): AnyEvent {
  return tape.event('service.heartbeat', [service], {
    boot,
    position: 1,
    lagPositions: 0,
    lagMs: 1.2,
    unconfirmed: 0,
    ready: true,
    snapshot: null,
    rssMb: 80,
    trouble: null,
    ...change,
  });
}

export function serviceStopping(tape: Tape, service: string, boot: string): AnyEvent {
  return tape.event('service.stopping', [service], { boot });
}

export function serviceStarted(tape: Tape, service: string, boot: string, replica = 0): AnyEvent {
  return tape.event('service.started', [service], { boot, version: '1', replica, pid: 7 });
}

export function alert(tape: Tape, key: string, state: 'raised' | 'closed', summary = `${key} ${state}`): AnyEvent {
  return tape.event('alert', ['p2'], { id: `${key}-${state}`, key, rule: 'venue-down', severity: 'P2', state, summary, count: 1 });
}

export function guard(tape: Tape, mode: DataOf<'guard'>['mode'], rule: string | null = null): AnyEvent {
  const amount = (text: string) => ({ amount: text, currency: 'USDT' });
  const closed = rule === null ? [] : [{ what: 'BTC', rule, until: null }];
  const sums = { exposure: amount('500'), dailyPnl: amount('-12.5'), equity: amount('9987.5'), drawdown: amount('20') };
  return tape.event('guard', [], { mode, rule, why: 'as it is', closed, ...sums, numbers: {} });
}

export function kpi(tape: Tape, unrealised: string | null = '-0.75'): AnyEvent {
  const amount = (text: string) => ({ amount: text, currency: 'USDT' });
  return tape.event('kpi', [], {
    since: tape.at,
    trips: { open: 1, closed: 9, unwound: 1, failed: 0, won: 6, lost: 4 },
    realised: amount('3.5'),
    unrealised: unrealised === null ? null : amount(unrealised),
    drawdown: amount('2.25'),
    numbers: { winRate: 0.6, averageR: 0.1, tradesPerHour: 40, fillRatio: 0.98 },
  });
}
