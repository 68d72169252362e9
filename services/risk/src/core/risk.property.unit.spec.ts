import { MODES } from '@arb/shared/contracts';
import { CoreBench, type Input, input, livedAndRestored, rateOf, started } from '@arb/shared/core/testing';
import { add, compare, type Decimal, formatDecimal, multiply, parseDecimal, ZERO } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { balance, COINS, command, configWith, entry, exit, type Guard, health, l2, position, TIGHT, type Verdict } from '../testing.ts';
import { MOST_CLOSURES } from './closures.ts';
import { MOST_TRIPS } from './exposure.ts';
import { make } from './index.ts';
import { MOST_ROUTES } from './route-watch.ts';

const VENUES = ['upbit', 'binance', 'okx'];
const coin = fc.constantFrom(...COINS);
const way = fc.constantFrom(...VENUES.flatMap((buy) => VENUES.filter((sell) => sell !== buy).map((sell) => ({ buy, sell }))));
const venue = fc.constantFrom(...VENUES);
const target = fc.option(fc.constantFrom(...COINS, ...VENUES, 'BTC:binance>upbit', 'ETH:upbit>okx'), { nil: undefined });

const cents = (min: number, max: number) => fc.integer({ min, max }).map((units) => formatDecimal({ units: BigInt(units), scale: 2 }));
const lots = fc.integer({ min: 1, max: 9_999_999 }).map((units) => formatDecimal({ units: BigInt(units), scale: 5 }));
const states = fc.constantFrom('OPEN', 'CLOSING', 'CLOSED', 'CLOSED', 'UNWOUND', 'FAILED');
const GO_ON = Array.from({ length: 12 }, () => 'go-on');
const stale = fc.constantFrom([], [], [], [], [], ['okx'], ['upbit']);
const commands = fc.constantFrom('halt', 'reduce-only', ...GO_ON, 'pause', 'resume', 'resume', 'resume', 'flatten');

/** What happens next, how often; trips are named by their number among those let in so far. */
const HAPPENINGS = [
  { weight: 20, ...of('enter', { coin, way, notional: cents(5000, 80_000), quantity: lots }) },
  { weight: 4, ...of('exit', { trip: fc.nat(50) }) },
  { weight: 20, ...of('position', { trip: fc.nat(50), state: states, pnl: fc.option(cents(-1200, 800), { nil: null }) }) },
  { weight: 12, ...of('clock', { ms: fc.integer({ min: 1, max: 3000 }), fill: fc.integer({ min: 0, max: 81 }), lag: fc.nat(5100) }) },
  { weight: 8, ...of('l2', { coin, mid: fc.integer({ min: 9850, max: 10_150 }), stale }) },
  { weight: 6, ...of('command', { what: commands, target }) },
  { weight: 4, ...of('news', {}) },
  { weight: 2, ...of('night', {}) },
  { weight: 2, ...of('health', { venue, state: fc.constantFrom('HEALTHY', 'HEALTHY', 'HEALTHY', 'DEGRADED', 'DOWN') }) },
  { weight: 2, ...of('balance', { venue, cash: fc.integer({ min: 2000, max: 5000 }) }) },
  { weight: 1, ...of('session', { reason: fc.constantFrom('handover', 'lost', 'resumed') }) },
] as const;
const step = fc.oneof(...HAPPENINGS);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function of<const K extends string, T extends object>(kind: K, fields: { [F in keyof T]: fc.Arbitrary<T[F]> }) {
  return { arbitrary: fc.record(fields).map((values) => ({ kind, ...values }) as { readonly kind: K } & T) };
}

interface Let {
  readonly trip: string;
  readonly coin: string;
  readonly buy: string;
  readonly sell: string;
  readonly amount: Decimal;
}

/** Lives a schedule through with a model beside it that knows of nothing but verdicts, results and commands. */
class Life {
  readonly bench = new CoreBench(make, 'risk');
  readonly script: Input[] = [];
  readonly verdicts: { readonly kind: string; readonly said: Verdict; readonly asked: Input<'decision'>; readonly mode: string }[] = [];
  readonly open = new Map<string, Let>();
  private readonly known: Let[] = [];
  private trips = 0;
  private commanded = 'ACTIVE';
  /** As `guard` tells it. */
  private mode = 'none';
  private lastNews = 0;

  constructor() {
    this.feed(started(configWith(TIGHT)));
    this.news();
  }

  live(given: Step): void {
    switch (given.kind) {
      case 'enter':
        this.decide(entry(`T-${++this.trips}`, { coin: given.coin, ...given.way, notional: given.notional, quantity: given.quantity }));
        break;
      case 'exit':
        this.decide(exit(this.known[given.trip % this.known.length]?.trip ?? 'T-0'));
        break;
      case 'position':
        this.result(given);
        break;
      case 'clock':
        this.clock(given.ms, given.fill / 100, given.lag);
        break;
      case 'night':
        this.clock(16 * 3_600_000, 0, 0);
        this.news();
        break;
      case 'l2':
        this.feed(l2(given.coin, given.mid / 100, given.stale));
        break;
      case 'command':
        this.feed(command(given.what, given.target));
        if (given.what === 'halt') this.commanded = 'HALTED';
        else if (given.what === 'reduce-only') this.commanded = 'REDUCE_ONLY';
        else if (given.what === 'go-on') this.commanded = 'ACTIVE';
        break;
      case 'news':
        this.news();
        break;
      case 'health':
        this.feed(health(given.venue, given.state));
        break;
      case 'balance':
        this.feed(balance(given.venue, { USDT: String(given.cash), KRW: String(given.cash * 1500), BTC: '1', ETH: '1', XRP: '1' }));
        break;
      default:
        this.session(given.reason);
    }
    this.hold();
  }

  private feed(given: Input): readonly Verdict[] {
    const timed = { ...given, at: given.at ?? this.bench.now };
    this.script.push(timed);
    const said = this.bench.feed(timed);
    for (const { type, data } of said) if (type === 'guard') this.mode = (data as Guard).mode;
    return said.filter(({ type }) => type === 'verdict').map(({ data }) => data as Verdict);
  }

  private news(): void {
    this.lastNews = this.bench.now;
    this.feed(rateOf('KRW-USDT', 1500));
    for (const name of COINS) this.feed(l2(name, 100));
  }

  private clock(ms: number, fill: number, lagMs: number): void {
    const at = this.bench.now + ms * 1000;
    this.feed(input('clock', [], { fill, committed: 0, committedAt: at - lagMs * 1000 }, at));
    if (at - this.lastNews > 50_000_000) this.news();
  }

  private decide(asked: Input<'decision'>): void {
    const mode = this.mode;
    const said = this.feed(asked);
    expect(said.length).toBe(1);
    const verdict = said[0] as Verdict;
    this.verdicts.push({ kind: asked.data.kind, said: verdict, asked, mode });
    if (asked.data.kind !== 'enter' || verdict.decision === null) return;
    const { coin, route, notional, trip } = verdict.decision;
    if (route === null || notional === null || trip === null) throw new Error('an entry was let in without route, size or name');
    const let_: Let = { trip, coin, ...route, amount: parseDecimal(notional.amount) };
    this.open.set(trip, let_);
    this.known.push(let_);
  }

  private result({ trip, state, pnl }: Extract<Step, { kind: 'position' }>): void {
    // Mostly news of what is open, some of what has ended long ago.
    const from = trip % 4 === 0 ? this.known : [...this.open.values()];
    const of = from[trip % Math.max(1, from.length)];
    if (of === undefined) return;
    this.feed(position(of.trip, state, pnl, 'USDT', of.coin));
    if (state !== 'OPEN' && state !== 'CLOSING') this.open.delete(of.trip);
  }

  private session(reason: 'handover' | 'lost' | 'resumed'): void {
    if (reason === 'resumed') {
      this.feed(input('session.resumed', [], { boot: 'abcdefgh', term: 2 }));
      return;
    }
    this.feed(started(configWith(TIGHT), { parent: { session: 's1', position: 5, reason } }));
    if (reason === 'lost' && this.commanded === 'ACTIVE') this.commanded = 'REDUCE_ONLY';
  }

  private hold(): void {
    const held = (name: string, of: (trip: Let) => boolean, limit: string | undefined) => {
      let all = ZERO;
      for (const trip of this.open.values()) if (of(trip)) all = add(all, trip.amount);
      if (compare(all, parseDecimal(limit as string)) > 0) throw new Error(`${name}: ${formatDecimal(all)} is open, the limit is ${limit}`);
    };
    held('in all', () => true, TIGHT.maxExposure);
    for (const name of COINS) held(name, ({ coin }) => coin === name, TIGHT.maxPerCoin);
    for (const name of VENUES) held(name, ({ buy, sell }) => buy === name || sell === name, TIGHT.maxPerVenue);
    for (const { trip } of this.open.values()) held(trip, (one) => one.trip === trip, TIGHT.maxPositionSize);
    if (MODES.indexOf(this.mode as never) < MODES.indexOf(this.commanded as never))
      throw new Error(`people said ${this.commanded}, trading is ${this.mode}`);
  }
}

function lived(steps: readonly Step[]): Life {
  const life = new Life();
  for (const given of steps) life.live(given);
  return life;
}

const schedule = fc.array(step, { minLength: 1, maxLength: 150, size: 'max' });
const check = (property: fc.IProperty<[Step[]]>, numRuns = 100) => fc.assert(property, { numRuns });

describe('whatever happens, in whatever order,', () => {
  it('exposure, reserved and open, stays within every limit, and people are obeyed', () => {
    const outcomes = new Set<string>();
    const rules = new Set<string | null>();
    check(
      fc.property(schedule, (steps) => {
        for (const { said } of lived(steps).verdicts) {
          outcomes.add(said.outcome);
          rules.add(said.rule);
        }
      }),
      300,
    );
    expect(outcomes).toEqual(new Set(['ALLOW', 'REDUCE', 'COOLDOWN', 'BLOCK']));
    expect(rules.size).toBeGreaterThan(20);
  });

  it('nothing is let through while halted, no entry while reducing, and every exit but for a halt', () => {
    check(
      fc.property(schedule, (steps) => {
        for (const { kind, said, mode } of lived(steps).verdicts) {
          if (mode === 'HALTED') expect(said.outcome).toBe('BLOCK');
          else if (kind === 'exit') expect(said.outcome).toBe('ALLOW');
          else if (mode === 'REDUCE_ONLY') expect(said.outcome).toBe('BLOCK');
        }
      }),
    );
  });

  it('a refusal carries no decision, and a reduction claims no less than it carries', () => {
    check(
      fc.property(schedule, (steps) => {
        for (const { said, asked } of lived(steps).verdicts) {
          expect(said.decision === null).toBe(said.outcome === 'BLOCK' || said.outcome === 'COOLDOWN');
          expect(said.firstRule === null).toBe(said.outcome === 'ALLOW');
          if (said.outcome === 'ALLOW') expect(said.decision).toEqual(asked.data);
          if (said.outcome !== 'REDUCE' || said.decision === null) continue;
          const [before, after] = [asked.data, said.decision].map(({ notional }) => parseDecimal(notional?.amount ?? '0')) as [
            Decimal,
            Decimal,
          ];
          expect(compare(after, parseDecimal(TIGHT.leastNotional as string))).not.toBe(-1);
          expect(compare(after, before)).toBe(-1);
          const quantities = said.decision.legs.map(({ quantity }) => quantity);
          expect(new Set(quantities).size).toBe(1);
          const asks = parseDecimal(asked.data.legs[0]?.quantity as string);
          // quantity / asked quantity ≤ notional / asked notional
          expect(compare(multiply(parseDecimal(quantities[0] as string), before), multiply(asks, after))).not.toBe(1);
        }
      }),
    );
  });

  it('what guards the trading is told as the round trips made it', () => {
    check(
      fc.property(schedule, (steps) => {
        const life = lived(steps);
        life.live({ kind: 'command', what: 'halt', target: undefined });
        let held = ZERO;
        for (const { amount } of life.open.values()) held = add(held, amount);
        expect(life.bench.said('guard').at(-1)?.data).toMatchObject({
          mode: 'HALTED',
          exposure: { amount: formatDecimal(held), currency: 'USDT' },
          numbers: { trips: life.open.size },
        });
      }),
    );
  });

  it('a state that is saved and loaded goes on as one that was lived', () => {
    fc.assert(
      fc.property(schedule, fc.array(fc.nat(300), { maxLength: 8 }), (steps, cuts) => {
        const { script } = lived(steps);
        const { lived: one, restored } = livedAndRestored(
          make,
          'risk',
          script,
          cuts.map((cut) => cut % script.length),
        );
        expect(restored).toBe(one);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the state', () => {
  it('stays bounded however many coins, routes, trips and targets there are', () => {
    const many = {
      maxCoinLossesInRow: 1,
      maxRouteLossesInRow: 1,
      maxEntriesPerRoute: 3,
      coinCooldownMs: 86_400_000,
      routeCooldownMs: 86_400_000,
    };
    const bench = new CoreBench(make, 'risk');
    bench.feed(started(configWith(many)));
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.pass(1);
    for (let i = 0; i < 3000; i++) {
      const name = `C${i}`;
      const { buy, sell } = { buy: VENUES[i % 3] as string, sell: VENUES[(i + 1) % 3] as string };
      bench.feed(l2(name, 100));
      bench.feed(entry(`T-${i}`, { coin: name, buy, sell }));
      if (i % 2 === 0) bench.feed(position(`T-${i}`, 'CLOSED', '-1', 'USDT', name));
      bench.feed(command('pause', `p${i}`));
      bench.feed(balance(`v${i}`, { USDT: '1' }));
      bench.feed(rateOf(`A${i}-USDT`, 1));
    }
    const { core } = JSON.parse(bench.save()) as { core: Record<string, { length: number } & Record<string, { length: number }>> };
    expect(core.reservations?.length).toBeLessThanOrEqual(MOST_TRIPS);
    expect(core.closures?.length).toBeLessThanOrEqual(MOST_CLOSURES);
    expect(core.routes?.length).toBeLessThanOrEqual(MOST_ROUTES);
    for (const list of ['coins', 'paused', 'balances', 'rates']) expect(core[list]?.length).toBe(1000);
    expect(core.losses?.coins?.length).toBeLessThanOrEqual(1000);
  });
});
