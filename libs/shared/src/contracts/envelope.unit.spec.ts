import {
  type AnyEvent,
  CATALOG,
  type DataOf,
  type EventType,
  encodeEvent,
  encodeOutput,
  faultOfOutput,
  type Header,
  KINDS,
  MAX_BASIS,
  MAX_EVENT_BYTES,
  parseEvent,
  positionRef,
  SERVICES,
  scan,
  subjectOf,
  VENUE,
} from '@arb/shared/contracts';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';

// ---- one arbitrary for each kind --------------------------------------------------------------------------------------

type Data = { readonly [K in EventType]: Arbitrary<DataOf<K>> };

const awkward = [0, -0, 1e21, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 123456789012.345, -1e-7, 1e-6, 2 ** 53 + 2];
const number = fc.oneof(fc.constantFrom(...awkward), fc.double({ noNaN: true, noDefaultInfinity: true }));
const positive = number.map(Math.abs).map((value) => (value > 0 ? value : 5e-324));
const count = fc.oneof(fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER), fc.nat());
const text = fc.oneof(
  fc.constantFrom('', '김치 프리미엄', '"\\\n\t\u0001\u007f\u2028', '😀', '\ufeff', '\ufffd', '__proto__', 'a'.repeat(4_096)),
  // What a shell replaces in outside text does not reach an event.
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.replaceAll('\0', '\ufffd')),
);
const nullable = <T>(arbitrary: Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const decimal = fc.constantFrom('0', '-0', '-12.50', '0.000000000000000001', `${'9'.repeat(25)}.${'9'.repeat(18)}`);
const coin = fc.constantFrom('BTC', '1INCH', '0', '42');
const pair = fc.constantFrom('BTC-KRW', '1INCH-USDT');
const venue = fc.constantFrom('upbit', 'binance', 'b2');
const boot = fc.constantFrom('abcdefgh', '0123456789abcdef');
const sha256 = fc.constant('0123456789abcdef'.repeat(4));
const side = fc.constantFrom('buy' as const, 'sell' as const);
const trip = fc.constantFrom('t-1', 'A'.repeat(60));
const amount = fc.record({ amount: decimal, currency: coin });
const reason = fc.record({ reason: text });
// Keys like array indexes and like an object's own machinery are where objects stop being dictionaries.
const dictionary = <T>(value: Arbitrary<T>) =>
  fc.dictionary(fc.oneof(fc.constantFrom('10', '9', '__proto__', 'a.b'), text), value, { maxKeys: 5 });
const numbers = dictionary(nullable(number));
const levels = fc.array(fc.tuple(positive, positive), { maxLength: 6 });
const merged = fc.array(fc.tuple(number, number, fc.nat(3), number), { maxLength: 20 });
const route = nullable(fc.record({ buy: venue, sell: venue }));
const decision: Data['decision'] = fc.record(
  {
    kind: fc.constantFrom('enter', 'exit', 'rebalance', 'skipped'),
    trip: nullable(trip),
    coin,
    route,
    legs: fc.array(fc.record({ venue, symbol: pair, side, quantity: decimal, limit: decimal, expected: decimal }), { maxLength: 4 }),
    notional: nullable(amount),
    edgeBps: nullable(number),
    score: nullable(number),
    validUntil: nullable(count),
    rule: nullable(text),
    limit: nullable(number),
    value: nullable(number),
    why: text,
    numbers,
    transfer: fc.record({ from: venue, to: venue, currency: coin, quantity: decimal, fee: decimal, arrivesAt: count }),
  },
  {
    requiredKeys: [
      'kind',
      'trip',
      'coin',
      'route',
      'legs',
      'notional',
      'edgeBps',
      'validUntil',
      'rule',
      'limit',
      'value',
      'why',
      'numbers',
    ],
  },
);

const roundTrip = fc.record({
  enteredAt: count,
  endedAt: count,
  notional: nullable(amount),
  edgeBps: nullable(number),
  score: nullable(number),
  enterRule: nullable(text),
  exitRule: nullable(text),
  exits: count,
  unwinds: count,
  kept: decimal,
  unhedged: number,
  legs: fc.array(
    fc.record({
      phase: fc.constantFrom('enter', 'exit'),
      leg: fc.record({
        venue,
        symbol: pair,
        side,
        asked: decimal,
        filled: decimal,
        expected: decimal,
        price: nullable(decimal),
        value: decimal,
        fee: decimal,
        slippageBps: nullable(number),
        latencyMs: nullable(number),
        orders: count,
      }),
    }),
    { maxLength: 4 },
  ),
  model: text,
  modelVersion: count,
});

const DATA: Data = {
  'session.started': fc.record({
    config: fc.record({ depth: number, names: fc.array(text, { maxLength: 3 }), inner: dictionary(fc.oneof(text, number, fc.boolean())) }),
    configHash: sha256,
    seed: text,
    versions: dictionary(text),
    boot,
    mode: fc.constantFrom('ACTIVE', 'REDUCE_ONLY', 'HALTED'),
    parent: nullable(
      fc.record(
        {
          session: fc.constantFrom('s', 'A-1'),
          position: count,
          reason: fc.constantFrom('handover', 'lost', 'fork', 'import'),
          lost: fc.record({ from: count, to: nullable(count) }),
        },
        { requiredKeys: ['session', 'position', 'reason'] },
      ),
    ),
    snapshots: dictionary(sha256),
  }),
  'session.resumed': fc.record({ boot, term: count }),
  'session.stopping': reason,
  'session.stopped': reason,
  clock: fc.record({ fill: fc.constantFrom(0, -0, 0.1, 1, 5e-324), committed: count, committedAt: nullable(count) }),
  'journal.committed': fc.record({ to: count, head: sha256 }),
  quarantine: fc.record({ position: count, subject: text, length: count, sha256, head: text, reason: text }),
  'service.started': fc.record({ boot, version: text, replica: count, pid: count }),
  'service.heartbeat': fc.record({
    boot,
    position: count,
    lagPositions: count,
    lagMs: number,
    unconfirmed: count,
    ready: fc.boolean(),
    snapshot: nullable(count),
    rssMb: number,
    trouble: nullable(text),
  }),
  'service.stopping': fc.record({ boot }),
  lease: fc.record({ service: fc.constantFrom(...SERVICES), boot, term: count, act: fc.constantFrom('claim', 'renew', 'release') }),
  command: fc.record({ id: text, by: text, why: text, target: text }, { requiredKeys: ['id', 'by', 'why'] }),
  book: fc.record(
    {
      venue,
      symbol: pair,
      epoch: count,
      sequence: count,
      exchangeAt: nullable(count),
      receivedAt: count,
      backup: fc.boolean(),
      lateMs: count,
      bids: levels,
      asks: levels,
    },
    { requiredKeys: ['venue', 'symbol', 'epoch', 'sequence', 'exchangeAt', 'receivedAt', 'bids', 'asks'] },
  ),
  trade: fc.record({
    venue,
    symbol: pair,
    id: text,
    side,
    price: positive,
    size: positive,
    exchangeAt: nullable(count),
    receivedAt: count,
  }),
  fx: fc.record(
    {
      pair,
      rate: positive,
      tier: fc.constantFrom('multi', 'single', 'http', 'static'),
      sources: fc.array(fc.record({ source: text, rate: positive, ageMs: number, used: fc.boolean() }), { maxLength: 4 }),
      bankRate: nullable(positive),
      stableRate: nullable(positive),
    },
    { requiredKeys: ['pair', 'rate', 'tier', 'sources'] },
  ),
  health: fc.record(
    {
      venue,
      state: fc.constantFrom('HEALTHY', 'DEGRADED', 'DOWN', 'FROZEN'),
      why: text,
      latencyMs: nullable(number),
      reconnects: count,
      conflated: count,
      suspended: fc.array(coin, { maxLength: 5 }),
      warned: fc.array(fc.record({ coin, what: text }), { maxLength: 3 }),
      counters: dictionary(number),
    },
    { requiredKeys: ['venue', 'state', 'why', 'latencyMs', 'reconnects', 'conflated', 'suspended'] },
  ),
  instruments: fc.record({
    venue,
    fees: fc.record({ maker: decimal, taker: decimal }),
    bands: fc.array(fc.record({ from: decimal, tick: decimal }), { maxLength: 4 }),
    symbols: fc.array(fc.record({ symbol: pair, tick: nullable(decimal), lot: decimal, minNotional: decimal }), { maxLength: 4 }),
  }),
  universe: fc.record({ coins: fc.array(coin, { maxLength: 5 }), mode: text, why: text }),
  l2: fc.record(
    {
      coin,
      numeraire: coin,
      venues: fc.array(
        fc.record(
          {
            venue,
            symbol: pair,
            state: fc.constantFrom('fresh', 'stale', 'absent'),
            epoch: count,
            ageMs: nullable(number),
            rate: nullable(positive),
            backup: fc.boolean(),
          },
          { requiredKeys: ['venue', 'symbol', 'state', 'epoch', 'ageMs', 'rate'] },
        ),
        { maxLength: 4 },
      ),
      bids: merged,
      asks: merged,
      statistics: fc.record({ aggregations: count, allActive: count, someActive: count, noneActive: count }),
    },
    { requiredKeys: ['coin', 'numeraire', 'venues', 'bids', 'asks'] },
  ),
  decision,
  verdict: fc.record({
    outcome: fc.constantFrom('ALLOW', 'REDUCE', 'COOLDOWN', 'BLOCK'),
    trip: nullable(trip),
    coin,
    decision: nullable(decision),
    firstRule: nullable(text),
    rule: nullable(text),
    tier: nullable(fc.constantFrom('exchange', 'route', 'symbol', 'portfolio', 'cross')),
    limit: nullable(number),
    value: nullable(number),
    numbers,
  }),
  order: fc.record({
    order: text,
    trip,
    venue,
    symbol: pair,
    side,
    state: fc.constantFrom('intended', 'accepted', 'part-filled', 'filled', 'cancelled', 'rejected'),
    quantity: decimal,
    filled: decimal,
    limit: decimal,
    reason: nullable(text),
  }),
  fill: fc.record({
    order: text,
    trip,
    venue,
    symbol: pair,
    side,
    price: decimal,
    quantity: decimal,
    fee: amount,
    value: amount,
    slippageBps: number,
    available: decimal,
    fillRatio: number,
    model: text,
    modelVersion: count,
    purpose: fc.constantFrom('leg', 'proceed', 'unwind'),
    sentAtBest: decimal,
    metBest: decimal,
    latencyMs: number,
  }),
  position: fc.record(
    {
      trip,
      coin,
      state: fc.constantFrom('OPEN', 'CLOSING', 'CLOSED', 'UNWOUND', 'FAILED'),
      route,
      quantity: decimal,
      pnl: nullable(amount),
      parts: dictionary(decimal),
      why: text,
      log: roundTrip,
    },
    { requiredKeys: ['trip', 'coin', 'state', 'route', 'quantity', 'pnl', 'parts', 'why'] },
  ),
  balance: fc.record({ venue, balances: dictionary(decimal), reserved: dictionary(decimal) }, { requiredKeys: ['venue', 'balances'] }),
  transfer: fc.record({
    transfer: trip,
    currency: coin,
    from: venue,
    to: venue,
    quantity: decimal,
    fee: decimal,
    state: fc.constantFrom('left', 'arrived', 'refused'),
    arrivesAt: count,
    why: text,
  }),
  kpi: fc.record(
    {
      since: count,
      trips: fc.record({ open: count, closed: count, unwound: count, failed: count, won: count, lost: count }),
      realised: amount,
      unrealised: nullable(amount),
      drawdown: amount,
      numbers,
      zones: fc.array(fc.record({ zone: text, predicted: number, seen: number, orders: count }), { maxLength: 3 }),
      kept: fc.array(fc.record({ trip, venue, symbol: pair, quantity: decimal, since: count, cost: decimal, worth: nullable(decimal) }), {
        maxLength: 3,
      }),
    },
    { requiredKeys: ['since', 'trips', 'realised', 'unrealised', 'drawdown', 'numbers'] },
  ),
  reconciliation: fc.record({
    venue,
    from: count,
    to: count,
    agrees: fc.boolean(),
    accounts: fc.array(
      fc.record({
        currency: coin,
        opening: decimal,
        bought: decimal,
        sold: decimal,
        fees: decimal,
        transferred: decimal,
        closing: decimal,
        difference: decimal,
      }),
      { maxLength: 3 },
    ),
    fills: count,
  }),
  guard: fc.record(
    {
      mode: fc.constantFrom('ACTIVE', 'REDUCE_ONLY', 'HALTED'),
      rule: nullable(text),
      why: text,
      closed: fc.array(fc.record({ what: text, rule: text, until: nullable(count) }), { maxLength: 3 }),
      exposure: amount,
      dailyPnl: amount,
      equity: amount,
      drawdown: amount,
      numbers,
      counters: fc.array(fc.record({ rule: text, first: count, final: count }), { maxLength: 3 }),
    },
    { requiredKeys: ['mode', 'rule', 'why', 'closed', 'exposure', 'dailyPnl', 'equity', 'drawdown', 'numbers'] },
  ),
  alert: fc.record({
    id: text,
    key: text,
    rule: text,
    severity: fc.constantFrom('P0', 'P1', 'P2', 'P3'),
    state: fc.constantFrom('raised', 'closed', 'noted'),
    summary: text,
    count,
    step: fc.constantFrom('opened', 'still-open', 'escalated', 'acknowledged', 'closed', 'moment', 'grouped', 'digest', 'day'),
    since: count,
    channels: fc.array(text, { maxLength: 8 }),
    runbook: text,
    quiet: text,
  }),
  'alert.delivery': fc.record({
    id: text,
    key: text,
    channel: text,
    instead: text,
    state: fc.constantFrom('sent', 'failed', 'dead-lettered'),
    tries: count,
    detail: nullable(text),
  }),
  'alert.queue': fc.record({
    store: fc.constantFrom('redis', 'memory'),
    why: text,
    waiting: count,
    dead: count,
    broken: fc.array(fc.record({ channel: text, why: text }), { maxLength: 3 }),
  }),
};

const WORD_OF: Readonly<Record<string, string>> = {
  l2: 'BTC',
  decision: 'BTC',
  verdict: 'BTC',
  position: 'BTC',
  transfer: 'BTC',
  fx: 'KRW-USDT',
};

function subjectFor(type: EventType): string {
  const { root, words, writers } = CATALOG[type];
  if (root === 'service' || root === 'lease') return subjectOf(type, writers[0] as string);
  if (root === 'session' || root === 'journal' || words.length === 0) return subjectOf(type);
  if (root === 'command') return 'command.halt';
  if (root === 'alert') return type === 'alert.queue' ? subjectOf(type) : 'alert.p1';
  return subjectOf(type, ...(words.length === 2 ? ['upbit', 'BTC-KRW'] : [WORD_OF[root] ?? 'upbit']));
}

function sourceFor(type: EventType): string {
  const { writers, by } = CATALOG[type];
  return by === 'core' ? (writers[0] as string) : `${writers[0]}/abcdefgh`;
}

const ref = fc.oneof(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.constantFrom('parent-1:17', 'A:9007199254740991'));
const header = (type: EventType): Arbitrary<Header> =>
  fc.record(
    {
      n: fc.oneof(fc.constantFrom(1, Number.MAX_SAFE_INTEGER), fc.integer({ min: 1 })),
      source: fc.constant(sourceFor(type)),
      session: fc.constantFrom('s-1', 'A'.repeat(40)),
      type: fc.constant(type),
      v: fc.constant(CATALOG[type].v),
      at: count,
      cause: nullable(ref),
      basis: fc.array(ref, { maxLength: MAX_BASIS }),
    },
    { requiredKeys: ['n', 'source', 'session', 'type', 'v', 'at', 'cause'] },
  );

interface Sample {
  readonly subject: string;
  readonly header: Header;
  readonly data: unknown;
}
const sampleOf = (type: EventType): Arbitrary<Sample> =>
  fc
    .record<Sample>({ subject: fc.constant(subjectFor(type)), header: header(type), data: DATA[type] as Arbitrary<unknown> })
    .map((sample) => ({ ...sample, data: { ...(sample.data as object), ...namesOf(type, sample.subject) } }));

/** What the subject says of the event, which its data must repeat. */
function namesOf(type: EventType, subject: string): Readonly<Record<string, string>> {
  const words = subject.split('.').slice(1);
  return Object.fromEntries(CATALOG[type].names.map((name, i) => [name, words[i] as string]));
}
const anySample = fc.constantFrom(...KINDS.map((kind) => kind.type as EventType)).chain(sampleOf);

function read(subject: string, bytes: Uint8Array): AnyEvent | string {
  const scanned = scan(subject, bytes);
  return typeof scanned === 'string' ? scanned : parseEvent(subject, bytes, scanned, 12);
}

function encodeAgain({ n, source, session, type, v, at, cause, basis, data }: AnyEvent): string {
  return encodeEvent({ n, source, session, type, v, at, cause, ...(basis === undefined ? {} : { basis }) }, data);
}

/** Whatever the bytes are: no exception, and what comes out is the very event that its own encoding says. */
function holdsWhatItSays(subject: string, bytes: Uint8Array): AnyEvent | string {
  const event = read(subject, bytes);
  if (typeof event === 'string') {
    expect(event).not.toBe('');
    return event;
  }
  const again = read(subject, Buffer.from(encodeAgain(event)));
  expect(JSON.stringify(again)).toBe(JSON.stringify(event));
  return event;
}

// ---- behaviour ------------------------------------------------------------------------------------------------------

const clockHeader: Header = {
  n: 7,
  source: 'journal/abcdefgh',
  session: 's-1',
  type: 'clock',
  v: 1,
  at: 1_700_000_000_000_000,
  cause: null,
};
const clockData = { fill: 0.5, committed: 3, committedAt: null };
const clockText = encodeEvent(clockHeader, clockData);

describe('envelope', () => {
  it('reads back what it encodes', () => {
    const bytes = Buffer.from(clockText);
    expect(scan('clock', bytes)).toMatchObject({ n: 7, source: 'journal/abcdefgh', session: 's-1', v: 1, at: clockHeader.at });
    expect(read('clock', bytes)).toEqual({ ...clockHeader, data: clockData, position: 12, subject: 'clock' });
  });

  it.each(KINDS.map((kind) => kind.type as EventType))(
    'gives every %s back byte for byte, and never finds its own output malformed',
    (type) => {
      fc.assert(
        fc.property(sampleOf(type), ({ subject, header: given, data }) => {
          expect(faultOfOutput(subject, given, data)).toBeNull();
          const text = encodeEvent(given, data);
          const event = read(subject, Buffer.from(text));
          if (typeof event === 'string') throw new Error(`${event}: ${text}`);
          expect(encodeAgain(event)).toBe(text);
          expect(event).toMatchObject({ subject, position: 12, n: given.n, at: given.at, source: given.source });
        }),
        { numRuns: 40 },
      );
    },
  );

  it.each([
    [-0, '0'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [0.1 + 0.2, '0.30000000000000004'],
    [123456789012345680000, '123456789012345680000'],
  ])('writes %p in one way only', (value, text) => {
    const bytes = encodeEvent({ ...clockHeader, type: 'service.heartbeat' }, { lagMs: value });
    expect(bytes).toContain(`{"lagMs":${text}}`);
  });

  it.each([NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %p before it is said', (value) => {
    expect(faultOfOutput('clock', clockHeader, { ...clockData, fill: value })).toContain('fill');
    expect(faultOfOutput('clock', clockHeader, { ...clockData, committed: value })).toContain('committed');
  });

  it('names a position of another session with that session', () => {
    expect(positionRef('a', 5, 'a')).toBe(5);
    expect(positionRef('a', 5, 'b')).toBe('a:5');
  });
});

describe('an event and its subject', () => {
  it('say the same of venue, pair and coin', () => {
    const { data } = fc.sample(sampleOf('book'), 1)[0] as Sample;
    const given: Header = { ...clockHeader, source: 'market-data/abcdefgh', type: 'book' };
    expect(faultOfOutput('book.upbit.BTC-KRW', given, data)).toBeNull();
    expect(faultOfOutput('book.upbit.ETH-KRW', given, data)).toBe('data.symbol is not ETH-KRW, as the subject says');
    expect(read('book.binance.BTC-KRW', Buffer.from(encodeEvent(given, data)))).toBe('data.venue is not binance, as the subject says');
  });
});

describe('the header', () => {
  it('is read the same whatever was read before on its subject', () => {
    let coin = 0;
    const change = fc.record({ at: fc.nat(160), to: fc.nat(255) });
    fc.assert(
      fc.property(sampleOf('l2'), sampleOf('l2'), fc.array(change, { maxLength: 3 }), (before, sample, changes) => {
        const bytes = Buffer.from(encodeEvent(sample.header, sample.data));
        for (const { at, to } of changes) bytes[Math.min(at, bytes.length - 1)] = to;
        // A subject that nothing was read on yet, and one with a header in mind.
        const fresh = scan(`l2.A${++coin}`, bytes);
        scan('l2.BTC', Buffer.from(encodeEvent(before.header, before.data)));
        expect(scan('l2.BTC', bytes)).toEqual(typeof fresh === 'string' ? fresh.replace(`l2.A${coin}`, 'l2.BTC') : fresh);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an output', () => {
  const given: Header = { ...clockHeader, source: 'cli/abcdefgh', type: 'command' };
  const bytesOf = (why: string) => encodeOutput('command.halt', given, { id: 'c1', by: 'me', why });

  it('is encoded only when every reader will find it well-formed', () => {
    expect(Buffer.isBuffer(bytesOf('김치'))).toBe(true);
    expect(bytesOf('\u0000')).toBe('holds U+0000 or a lone surrogate');
    expect(bytesOf('\ud800')).toBe('holds U+0000 or a lone surrogate');
    expect(faultOfOutput('command.halt', { ...given, n: 0 }, { id: 'c1', by: 'me', why: '' })).toContain('n is 0');
    expect(faultOfOutput('command.halt', { ...given, cause: 0 }, { id: 'c1', by: 'me', why: '' })).toContain('cause is 0');
  });
});

describe('a broken event', () => {
  it('is refused, or read as what it now says, whichever byte is changed, dropped or doubled', () => {
    const bytes = fc.tuple(fc.constantFrom('flip', 'set', 'drop', 'double', 'cut'), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(anySample, fc.array(bytes, { minLength: 1, maxLength: 3 }), ({ subject, header: given, data }, changes) => {
        let broken = Buffer.from(encodeEvent(given, data));
        for (const [how, where, value] of changes) {
          const at = where % Math.max(1, broken.length);
          if (how === 'flip') broken[at] = (broken[at] as number) ^ (1 << (value % 8));
          else if (how === 'set') broken[at] = value;
          else if (how === 'drop') broken = Buffer.concat([broken.subarray(0, at), broken.subarray(at + 1)]);
          else if (how === 'double') broken = Buffer.concat([broken.subarray(0, at + 1), broken.subarray(at)]);
          else broken = broken.subarray(0, at);
        }
        holdsWhatItSays(subject, broken);
      }),
      { numRuns: 1_500 },
    );
  });

  it('is never an event when it was cut short, at any byte', () => {
    fc.assert(
      fc.property(anySample, ({ subject, header: given, data }) => {
        const whole = Buffer.from(encodeEvent(given, data));
        const step = Math.max(1, Math.floor(whole.length / 200));
        for (let length = 0; length < whole.length; length += step) expect(typeof read(subject, whole.subarray(0, length))).toBe('string');
      }),
      { numRuns: 15 },
    );
  });

  it('is refused, or read as what it now says, whatever stands for one of its values', () => {
    const harmless = (value: unknown): boolean => !/"(toString|valueOf)"/.test(JSON.stringify(value));
    const other = fc.oneof(fc.jsonValue({ maxDepth: 3 }).filter(harmless), number, fc.constantFrom('1', '0', '', null, true, [], {}));
    fc.assert(
      fc.property(anySample, fc.nat(), other, ({ subject, header: given, data }, which, value) => {
        const event = JSON.parse(encodeEvent(given, data)) as Record<string, unknown>;
        const places: { within: Record<string, unknown>; key: string }[] = [];
        const visit = (within: Record<string, unknown>): void => {
          for (const key of Object.keys(within)) {
            places.push({ within, key });
            if (typeof within[key] === 'object' && within[key] !== null) visit(within[key] as Record<string, unknown>);
          }
        };
        visit(event);
        const place = places[which % places.length] as (typeof places)[number];
        Object.defineProperty(place.within, place.key, { value, enumerable: true, writable: true, configurable: true });
        holdsWhatItSays(subject, Buffer.from(JSON.stringify(event)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused when its keys stand in another order', () => {
    const keys = Object.keys(JSON.parse(clockText) as object);
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (order) => {
        const event = JSON.parse(clockText) as Record<string, unknown>;
        const shuffled = JSON.stringify(Object.fromEntries(order.map((key) => [key, event[key]])));
        expect(typeof read('clock', Buffer.from(shuffled)) === 'string').toBe(shuffled !== clockText);
      }),
    );
  });

  it.each([
    ['n', ',"n":8'],
    ['source', ',"source":"journal/zzzzzzzz"'],
    ['session', ',"session":"other"'],
    ['type', ',"type":"quarantine"'],
    ['v', ',"v":2'],
    ['at', ',"at":5'],
  ])('is refused when %s stands twice with two values: the header that was scanned would lie', (_, doubled) => {
    expect(read('clock', Buffer.from(clockText.replace(',"data"', `${doubled},"data"`)))).toBe('a header field stands twice');
    expect(read('clock', Buffer.from(clockText.replace(/\}$/, `${doubled}}`)))).toBe('a header field stands twice');
  });

  const withFill = (text: string) => clockText.replace('"fill":0.5', `"fill":${text}`);
  const inText = (text: string) => encodeEvent({ ...clockHeader, type: 'session.stopped' }, { reason: 'REASON' }).replace('REASON', text);
  it.each<[string, string, string | Buffer]>([
    ['a byte order mark before it', 'clock', `\ufeff${clockText}`],
    ['white space before it', 'clock', ` ${clockText}`],
    ['white space in the header', 'clock', clockText.replace(',"at"', ', "at"')],
    ['text behind it', 'clock', `${clockText}x`],
    ['a second event behind it', 'clock', clockText + clockText],
    ['U+0000 behind it', 'clock', `${clockText}\0`],
    ['NaN', 'clock', withFill('NaN')],
    ['Infinity', 'clock', withFill('Infinity')],
    ['a number too great', 'clock', withFill('1e400')],
    ['a number as text', 'clock', withFill('"0.5"')],
    ['a number without end', 'clock', withFill('1.')],
    ['a leading zero', 'clock', withFill('00.5')],
    ['n 0', 'clock', clockText.replace('"n":7', '"n":0')],
    ['n -7', 'clock', clockText.replace('"n":7', '"n":-7')],
    ['n 07', 'clock', clockText.replace('"n":7', '"n":07')],
    ['n 7.0', 'clock', clockText.replace('"n":7', '"n":7.0')],
    ['n 2^53', 'clock', clockText.replace('"n":7', '"n":9007199254740992')],
    ['at with a fraction', 'clock', clockText.replace(`"at":${clockHeader.at}`, '"at":5.5')],
    ['at with an exponent', 'clock', clockText.replace(`"at":${clockHeader.at}`, '"at":5e3')],
    ['cause 0', 'clock', clockText.replace('"cause":null', '"cause":0')],
    ['a cause without a session', 'clock', clockText.replace('"cause":null', '"cause":"17"')],
    ['a cause in a list', 'clock', clockText.replace('"cause":null', '"cause":[17]')],
    ['no cause', 'clock', clockText.replace('"cause":null,', '')],
    ['a basis that is no list', 'clock', clockText.replace('"data"', '"basis":5,"data"')],
    ['too long a basis', 'clock', clockText.replace('"data"', `"basis":[${'1,'.repeat(MAX_BASIS)}1],"data"`)],
    ['data missing', 'clock', clockText.replace(/,"data".*/, '}')],
    ['data null', 'clock', clockText.replace(/"data".*/, '"data":null}')],
    ['data a list', 'clock', clockText.replace(/"data".*/, '"data":[]}')],
    ['a field too many', 'clock', withFill('0.5,"more":1')],
    ['a field of an object itself', 'clock', withFill('0.5,"__proto__":{}')],
    ['a field missing', 'clock', clockText.replace('"fill":0.5,', '')],
    ['U+0000 in a text, escaped', 'session.stopped', inText('\\u0000')],
    ['U+0000 in a text, raw', 'session.stopped', inText('\0')],
    ['half a surrogate pair, escaped', 'session.stopped', inText('\\ud83d')],
    ['the other half, escaped in capitals', 'session.stopped', inText('x\\uDE00')],
    ['two first halves', 'session.stopped', inText('\\ud83d\\ud83d\\ude00')],
    ['half a surrogate pair, raw', 'session.stopped', Buffer.from(inText('@@@')).map((b) => b) as Buffer],
    ['a raw line end in a text', 'session.stopped', inText('\n')],
    ['bytes that are no UTF-8', 'session.stopped', Buffer.from(inText('\u00ff'), 'latin1')],
    ['nothing at all', 'clock', ''],
    ['an unknown type', 'clock', clockText.replace('"clock"', '"clack"')],
    ['a type every object has', 'clock', clockText.replace('"clock"', '"constructor"')],
    ['a version to come', 'clock', clockText.replace('"v":1', '"v":2')],
    ['version 0', 'clock', clockText.replace('"v":1', '"v":0')],
    ['another type than its subject carries', 'universe', clockText],
    ['a subject with a word too many', 'clock.x', clockText],
    ['a session id with a dot', 'clock', clockText.replace('s-1', 's.1')],
    ['an escaped source', 'clock', clockText.replace('journal/', 'journal\\u002f')],
  ])('is refused for %s', (what, subject, broken) => {
    const bytes = Buffer.from(broken as string);
    if (what === 'half a surrogate pair, raw') bytes.set([0xed, 0xa0, 0x80], bytes.indexOf('@@@'));
    expect(typeof holdsWhatItSays(subject, bytes)).toBe('string');
  });

  it('is refused above 256 kB, and read at 256 kB', () => {
    const base = encodeEvent({ ...clockHeader, source: 'journal/abcdefgh', type: 'session.started' }, startedWith(''));
    const filled = (length: number) =>
      Buffer.from(encodeEvent({ ...clockHeader, type: 'session.started' }, startedWith('x'.repeat(length - Buffer.byteLength(base)))));
    expect(filled(MAX_EVENT_BYTES)).toHaveLength(MAX_EVENT_BYTES);
    expect(read('session.started', filled(MAX_EVENT_BYTES))).toMatchObject({ type: 'session.started' });
    expect(read('session.started', filled(MAX_EVENT_BYTES + 1))).toContain(`${MAX_EVENT_BYTES + 1} bytes`);
  });

  it.each([33, 1_000, 100_000])('is refused when it is nested %i deep', (depth) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const most = Math.min(depth, Math.floor(200_000 / (open.length + 1)));
      const nested = `${open.repeat(most)}1${close.repeat(most)}`;
      expect(typeof read('clock', Buffer.from(withFill(nested)))).toBe('string');
      const config = startedText.replace('"config":{}', `"config":{"a":${nested}}`);
      expect(typeof read('session.started', Buffer.from(config))).toBe('string');
      expect(typeof read('clock', Buffer.from(clockText.replace('"cause":null', `"cause":${nested}`)))).toBe('string');
    }
  });

  const startedText = encodeEvent({ ...clockHeader, type: 'session.started' }, { ...startedWith(''), config: {} });
  function startedWith(seed: string): object {
    return {
      config: { filler: seed },
      configHash: '0'.repeat(64),
      seed: '',
      versions: {},
      boot: 'abcdefgh',
      mode: 'ACTIVE',
      parent: null,
      snapshots: {},
    };
  }
});

describe('who may say it', () => {
  const valid = fc.sample(sampleOf('verdict'), { numRuns: 1, seed: 1 })[0] as Sample;
  const said = (change: Partial<Header>, subject = valid.subject) =>
    read(subject, Buffer.from(encodeEvent({ ...valid.header, ...change }, valid.data)));

  it("refuses a core's event from a shell, and a shell's from a core", () => {
    expect(said({})).toMatchObject({ type: 'verdict' });
    expect(said({ source: 'risk/abcdefgh' })).toContain('may not write');
    expect(read('clock', Buffer.from(encodeEvent({ ...clockHeader, source: 'journal' }, clockData)))).toContain('may not write');
  });

  it('refuses an event in the name of another service, also after the right one was heard on the same subject', () => {
    expect(said({ source: 'strategy' })).toContain('may not write');
    const heartbeat = fc.sample(sampleOf('service.heartbeat'), { numRuns: 1, seed: 1 })[0] as Sample;
    const from = (source: string) => read('service.risk', Buffer.from(encodeEvent({ ...heartbeat.header, source }, heartbeat.data)));
    expect(from('risk/abcdefgh')).toMatchObject({ type: 'service.heartbeat' });
    expect(from('executor/abcdefgh')).toContain('may not write');
    expect(from('risk/abcdefgh')).toMatchObject({ type: 'service.heartbeat' });
  });

  it('forgets subjects before they fill the memory', () => {
    const judged = jest.spyOn(VENUE, 'test');
    try {
      const bytes = Buffer.from(encodeEvent({ ...clockHeader, source: 'market-data/abcdefgh', type: 'health' }, {}));
      const timesJudged = (venue: string): number => {
        judged.mockClear();
        expect(typeof scan(`health.${venue}`, bytes)).toBe('object');
        return judged.mock.calls.length;
      };
      expect(timesJudged('first')).toBeGreaterThan(0);
      expect(timesJudged('first')).toBe(0);
      for (let i = 0; i < 20_000; i++) scan(`health.v${i}`, bytes);
      expect(timesJudged('first')).toBeGreaterThan(0);
    } finally {
      judged.mockRestore();
    }
  });
});

describe('an event of an older version', () => {
  const kind = CATALOG['session.stopped'] as { v: number; upcasts: readonly ((data: unknown) => unknown)[] };
  const present = { v: kind.v, upcasts: kind.upcasts };
  afterEach(() => {
    Object.assign(kind, present);
  });
  const stoppedAt = (v: number, data: unknown) =>
    read('session.stopped', Buffer.from(encodeEvent({ ...clockHeader, type: 'session.stopped', v }, data)));
  const chain = {
    v: 3,
    upcasts: [
      (data: unknown) => ({ cause: (data as { why: string }).why }),
      (data: unknown) => ({ reason: `${(data as { cause: string }).cause}!` }),
    ],
  };

  it('is brought to the present one step by step, and keeps its version in the header', () => {
    Object.assign(kind, chain);
    expect(stoppedAt(1, { why: 'one' })).toMatchObject({ v: 1, data: { reason: 'one!' } });
    expect(stoppedAt(2, { cause: 'two' })).toMatchObject({ v: 2, data: { reason: 'two!' } });
    expect(stoppedAt(3, { reason: 'three' })).toMatchObject({ v: 3, data: { reason: 'three' } });
  });

  it('is refused when it does not fit, or cannot be brought there', () => {
    Object.assign(kind, chain);
    expect(stoppedAt(1, { reason: 'of version 3' })).toMatchObject({ data: { reason: 'undefined!' } });
    expect(stoppedAt(1, null)).toContain('version 1 does not upcast');
    expect(stoppedAt(3, { why: 'one' })).toContain('reason');
    expect(stoppedAt(4, { reason: 'four' })).toContain('version 4');
  });
});
