import type { AnyEvent, StreamEvent } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import {
  alert,
  CONFIG,
  clock,
  fill,
  guard,
  heartbeat,
  kpi,
  l2,
  leftOver,
  makeTape,
  order,
  serviceStarted,
  serviceStopping,
  sessionStarted,
  type Tape,
  trip,
} from '../testing.ts';
import { type Change, LIMITS, makeView, type View } from './view.ts';

function heard(make: (tape: Tape) => readonly AnyEvent[]): View {
  const view = makeView();
  for (const event of make(makeTape())) view.hear(event);
  return view;
}

function changeOf(view: View): Change {
  const change = view.takeChange();
  if (change === null || change === 'renewed') throw new Error(`expected a change, found ${change}`);
  return change;
}

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('session', () => {
  it('is known from its first event', () => {
    const view = heard((tape) => [sessionStarted(tape)]);
    expect(view.state().session).toMatchObject({
      id: 's1',
      stage: 'catching up',
      from: 1,
      startMode: 'ACTIVE',
      seed: 'seed',
      config: { source: 'simulated', coins: 3, venues: ['upbit', 'binance'], numeraire: 'USDT', minEdgeBps: 15, notional: '500' },
    });
  });

  it('heard from the middle on, takes the configuration from the runtime and says from where it knows', () => {
    const view = makeView();
    const tape = makeTape();
    clock(tape);
    view.hear(clock(tape));
    view.goLive('s1', CONFIG);
    expect(view.state().session).toMatchObject({ stage: 'live', from: 2, startMode: null, config: { coins: 3 } });
  });

  it('says of a configuration only what is there', () => {
    const view = makeView();
    view.goLive('s1', { market: { venues: 'none', coins: 4 }, strategy: null, toString: 1 });
    expect(view.state().session.config).toEqual({
      source: null,
      coins: null,
      venues: [],
      numeraire: null,
      minEdgeBps: null,
      notional: null,
      maxExposure: null,
      maxPerCoin: null,
      fillModel: null,
    });
  });

  it('keeps the end that it heard when the process leaves', () => {
    const view = heard((tape) => [
      tape.event('session.stopping', [], { reason: 'handover' }),
      tape.event('session.stopped', [], { reason: 'handover' }),
    ]);
    view.end();
    expect(view.state().session).toMatchObject({ stage: 'stopped', why: 'handover' });
  });

  it('begun anew knows nothing of the one before', () => {
    const view = heard((tape) => [clock(tape), l2(tape), trip(tape, 't1', 'CLOSED', '1'), fill(tape, 'o1'), alert(tape, 'a', 'raised')]);
    view.takeChange();
    view.begin();
    expect(view.state()).toEqual(makeView().state());
    expect(view.books()).toEqual([]);
    expect(view.takeChange()).toBe('renewed');
  });
});

describe('coins', () => {
  it('show the best price of each venue and the spread between the best of all', () => {
    // binance 99.99 / 100.01; upbit 50 bps above it: 100.49 / 100.51.
    const view = heard((tape) => [l2(tape, 'BTC', 100, 50, 3)]);
    const row = view.state().coins[0];
    expect(row).toMatchObject({ coin: 'BTC', numeraire: 'USDT', position: 1 });
    expect(row?.venues).toEqual([
      { venue: 'upbit', state: 'fresh', ageMs: 3, bid: expect.closeTo(100.49), ask: expect.closeTo(100.51) },
      { venue: 'binance', state: 'fresh', ageMs: 12, bid: expect.closeTo(99.99), ask: expect.closeTo(100.01) },
    ]);
    // (100.01 − 100.49) / 100.25
    expect(row?.spreadBps).toBeCloseTo(-47.8803, 3);
  });

  it('have no spread where one side is empty', () => {
    const view = heard((tape) => {
      const event = l2(tape) as Extract<AnyEvent, { type: 'l2' }>;
      return [{ ...event, data: { ...event.data, asks: [] } }];
    });
    expect(view.state().coins[0]).toMatchObject({ spreadBps: null, venues: [{ ask: null }, { ask: null }] });
  });

  it('keep the newest book of each', () => {
    const view = heard((tape) => [l2(tape, 'BTC', 100), l2(tape, 'ETH', 50), l2(tape, 'BTC', 101)]);
    expect(view.book('BTC')?.position).toBe(3);
    expect(view.books().map(({ coin }) => coin)).toEqual(['ETH', 'BTC']);
    expect(view.book('XRP')).toBeNull();
  });
});

describe('limits', () => {
  it('hold for every list, and the newest stay', () => {
    const view = heard((tape) => [
      ...times(LIMITS.coins + 5, (i) => l2(tape, `C${i}`)),
      ...times(LIMITS.fills + 5, (i) => fill(tape, `o${i}`)),
      ...times(LIMITS.orders + 5, (i) => order(tape, `o${i}`, 'filled')),
      ...times(LIMITS.trips + 5, (i) => trip(tape, `t${i}`, 'CLOSED')),
      ...times(LIMITS.alerts + 5, (i) => alert(tape, `a${i}`, 'closed')),
      ...times(100, (i) => heartbeat(tape, 'risk', `boot${String(i).padStart(6, '0')}`)),
    ]);
    const state = view.state();
    expect(state.coins).toHaveLength(LIMITS.coins);
    expect(view.books()).toHaveLength(LIMITS.coins);
    expect(state.fills).toHaveLength(LIMITS.fills);
    expect(state.orders).toHaveLength(LIMITS.orders);
    expect(state.trips).toHaveLength(LIMITS.trips);
    expect(state.alerts).toHaveLength(LIMITS.alerts);
    expect(state.services).toHaveLength(64);
    expect(state.fills.at(-1)?.order).toBe(`o${LIMITS.fills + 4}`);
    expect(state.alerts[0]?.key).toBe('a5');
  });

  it('leave open round trips, working orders and raised alerts in, and let what is over go', () => {
    const view = heard((tape) => [
      trip(tape, 'open', 'OPEN'),
      order(tape, 'working', 'accepted'),
      alert(tape, 'burning', 'raised'),
      ...times(LIMITS.trips + 5, (i) => trip(tape, `t${i}`, 'CLOSED')),
      ...times(LIMITS.orders + 5, (i) => order(tape, `o${i}`, 'filled')),
      ...times(LIMITS.alerts + 5, (i) => alert(tape, `a${i}`, 'closed')),
    ]);
    const state = view.state();
    expect(state.trips[0]?.trip).toBe('open');
    expect(state.orders[0]?.order).toBe('working');
    expect(state.alerts[0]?.key).toBe('burning');
    expect(state.trips).toHaveLength(LIMITS.trips);
  });

  it('clip long text', () => {
    const view = heard((tape) => [alert(tape, 'a', 'raised', 'x'.repeat(4_000))]);
    expect(view.state().alerts[0]?.summary).toBe(`${'x'.repeat(299)}…`);
  });
});

describe('round trips', () => {
  it('that are over say what they have left of their coin on one leg, or owe', () => {
    const view = heard((tape) => [
      trip(tape, 't1', 'CLOSED', '1'),
      leftOver(tape, 't2', 'FAILED', '0.1'),
      leftOver(tape, 't3', 'CLOSED', '-0.002'),
      leftOver(tape, 't4', 'CLOSED', '0'),
    ]);
    expect(view.state().trips.map(({ trip: id, state, kept }) => [id, state, kept])).toEqual([
      ['t1', 'CLOSED', null],
      ['t2', 'FAILED', '0.1'],
      ['t3', 'CLOSED', '-0.002'],
      ['t4', 'CLOSED', null],
    ]);
  });

  it('that keep a leg outlast those that keep none, and never push out an open one', () => {
    const view = heard((tape) => [
      trip(tape, 'open', 'OPEN'),
      leftOver(tape, 'kept', 'FAILED', '0.1'),
      ...times(LIMITS.trips + 5, (i) => trip(tape, `t${i}`, 'CLOSED')),
    ]);
    expect(view.state().trips.map(({ trip: id }) => id)).toEqual(expect.arrayContaining(['open', 'kept']));
    const full = heard((tape) => [
      trip(tape, 'open', 'OPEN'),
      leftOver(tape, 'oldest', 'FAILED', '0.1'),
      ...times(LIMITS.trips + 5, (i) => leftOver(tape, `t${i}`, 'FAILED', '0.1')),
    ]);
    expect(full.state().trips).toHaveLength(LIMITS.trips);
    expect(full.state().trips.map(({ trip: id }) => id)).toContain('open');
    expect(full.state().trips.map(({ trip: id }) => id)).not.toContain('oldest');
  });

  it('keep what they began with', () => {
    const view = makeView();
    const tape = makeTape();
    const began = tape.at;
    view.hear(trip(tape, 't1', 'OPEN'));
    tape.wait(500);
    const closed = trip(tape, 't1', 'CLOSED', '0.1') as Extract<AnyEvent, { type: 'position' }>;
    view.hear({ ...closed, data: { ...closed.data, quantity: '0' } });
    expect(view.state().trips).toMatchObject([{ state: 'CLOSED', quantity: '0', entered: '0.004', openedAt: began, at: began + 500_000 }]);
  });
});

describe('PnL', () => {
  it('sums what round trips earned exactly, once each, when they end', () => {
    const view = heard((tape) => [
      trip(tape, 't1', 'OPEN'),
      trip(tape, 't1', 'CLOSING'),
      trip(tape, 't1', 'CLOSED', '0.1'),
      trip(tape, 't2', 'CLOSED', '0.2'),
      trip(tape, 't3', 'UNWOUND', '-0.05'),
      trip(tape, 't4', 'FAILED', '0'),
    ]);
    expect(view.state().pnl).toMatchObject({ currency: 'USDT', total: '0.25', settled: 3, wins: 2, foreign: 0 });
    expect(view.state().pnl.points.map(([, total]) => total)).toEqual([0.1, 0.3, 0.25]);
  });

  it('never adds two currencies', () => {
    const view = heard((tape) => [trip(tape, 't1', 'CLOSED', '1'), trip(tape, 't2', 'CLOSED', '1400', 'KRW')]);
    expect(view.state().pnl).toMatchObject({ currency: 'USDT', total: '1', foreign: 1 });
  });

  it('thins the curve beyond its limit, keeping its last point, and gives it whole to readers then', () => {
    const view = makeView();
    const tape = makeTape();
    view.takeChange();
    for (let i = 0; i < LIMITS.points; i++) view.hear(trip(tape, `t${i}`, 'CLOSED', '1'));
    expect(changeOf(view).pnl?.added).toHaveLength(LIMITS.points);
    view.hear(trip(tape, 'one-more', 'CLOSED', '1'));
    const { pnl } = view.state();
    expect(pnl.points).toHaveLength(LIMITS.points / 2 + 1);
    expect(pnl.points.at(-1)?.[1]).toBe(LIMITS.points + 1);
    expect(pnl.total).toBe(String(LIMITS.points + 1));
    expect(changeOf(view).pnl?.points).toHaveLength(LIMITS.points / 2 + 1);
    view.hear(trip(tape, 'and-another', 'CLOSED', '1'));
    expect(changeOf(view).pnl?.added).toHaveLength(1);
  });
});

describe('round trips that were opened before it began to hear', () => {
  const earlier = {
    trip: 'BTC-1',
    coin: 'BTC',
    state: 'OPEN',
    route: { buy: 'binance', sell: 'upbit' },
    quantity: '0.5',
    since: 7,
  } as const;

  it('are listed as the executor says them, until they speak for themselves', () => {
    const view = makeView();
    const tape = makeTape();
    const said = kpi(tape) as StreamEvent<'kpi'>;
    view.hear({ ...said, data: { ...said.data, open: [earlier] } });
    expect(view.state().trips).toMatchObject([{ trip: 'BTC-1', state: 'OPEN', quantity: '0.5', openedAt: 7, route: earlier.route }]);
    view.hear(trip(tape, 'BTC-1', 'CLOSED', '1.5'));
    expect(view.state().trips).toMatchObject([{ trip: 'BTC-1', state: 'CLOSED', openedAt: 7, entered: '0.5' }]);
  });

  it('change nothing of one that has been heard', () => {
    const view = makeView();
    const tape = makeTape();
    view.hear(trip(tape, 'BTC-1', 'OPEN'));
    const before = view.state().trips;
    const said = kpi(tape) as StreamEvent<'kpi'>;
    view.hear({ ...said, data: { ...said.data, open: [earlier] } });
    expect(view.state().trips).toEqual(before);
  });
});

describe('kept legs', () => {
  it('are as the executor last said, whichever session left them, and none where an older one says nothing of them', () => {
    const view = makeView();
    const tape = makeTape();
    const leg = { trip: 't1', venue: 'binance', symbol: 'BTC-USDT', quantity: '0.1', since: 5, cost: '10', worth: '9.95' };
    const said = kpi(tape) as StreamEvent<'kpi'>;
    view.hear({ ...said, data: { ...said.data, kept: [leg] } });
    expect(view.state().kpi?.kept).toEqual([leg]);
    view.hear(kpi(tape));
    expect(view.state().kpi?.kept).toEqual([]);
  });
});

describe('services', () => {
  it('stand side by side as replicas; a restarted one takes the place of its former self', () => {
    const view = heard((tape) => [
      serviceStarted(tape, 'risk', 'aaaaaaaa', 0),
      serviceStarted(tape, 'risk', 'bbbbbbbb', 1),
      heartbeat(tape, 'risk', 'aaaaaaaa', { lagMs: 4.5, trouble: 'slow disk' }),
      serviceStarted(tape, 'risk', 'cccccccc', 1),
    ]);
    expect(view.state().services.map(({ boot, replica, ready, lagMs }) => ({ boot, replica, ready, lagMs }))).toEqual([
      { boot: 'aaaaaaaa', replica: 0, ready: true, lagMs: 4.5 },
      { boot: 'cccccccc', replica: 1, ready: false, lagMs: null },
    ]);
  });

  it('that fell silent stay until another boot of theirs speaks', () => {
    const view = makeView();
    const tape = makeTape();
    view.hear(heartbeat(tape, 'risk', 'aaaaaaaa'));
    tape.wait(60_000);
    view.hear(heartbeat(tape, 'executor', 'eeeeeeee'));
    expect(view.state().services.map(({ boot }) => boot)).toEqual(['eeeeeeee', 'aaaaaaaa']);
    view.hear(heartbeat(tape, 'risk', 'bbbbbbbb'));
    expect(view.state().services.map(({ boot }) => boot)).toEqual(['eeeeeeee', 'bbbbbbbb']);
  });

  it('that said that they leave stand as left until another boot of theirs speaks; where a twin stays, nobody is missed', () => {
    const view = makeView();
    const tape = makeTape();
    const left = () => view.state().services.map(({ boot, ready, left }) => [boot, ready, left]);
    view.hear(heartbeat(tape, 'risk', 'aaaaaaaa'));
    view.hear(heartbeat(tape, 'executor', 'eeeeeeee'));
    view.hear(heartbeat(tape, 'executor', 'ffffffff'));
    view.hear(serviceStopping(tape, 'risk', 'aaaaaaaa'));
    view.hear(serviceStopping(tape, 'executor', 'ffffffff'));
    expect(left()).toEqual([
      ['eeeeeeee', true, false],
      ['aaaaaaaa', false, true],
    ]);
    view.hear(heartbeat(tape, 'risk', 'bbbbbbbb'));
    expect(left()).toEqual([
      ['eeeeeeee', true, false],
      ['bbbbbbbb', true, false],
    ]);
  });

  it('hold the lease from their renewal to their release; a mere claim is none', () => {
    const view = makeView();
    const tape = makeTape();
    const lease = (boot: string, act: 'claim' | 'renew' | 'release') =>
      view.hear(tape.event('lease', ['market-data'], { service: 'market-data', boot, term: 1, act }));
    const holds = () => view.state().services.map(({ holdsLease }) => holdsLease);
    view.hear(heartbeat(tape, 'market-data', 'aaaaaaaa'));
    lease('aaaaaaaa', 'claim');
    expect(holds()).toEqual([false]);
    lease('aaaaaaaa', 'renew');
    expect(holds()).toEqual([true]);
    lease('bbbbbbbb', 'release');
    expect(holds()).toEqual([true]);
    lease('aaaaaaaa', 'release');
    expect(holds()).toEqual([false]);
  });
});

describe('alerts', () => {
  const told = (tape: Tape, key: string, id: string) =>
    tape.event('alert.delivery', ['p2'], { id, key, channel: 'telegram', state: 'sent', tries: 1, detail: null });

  it('carry how people were told', () => {
    const view = heard((tape) => [
      alert(tape, 'venue/upbit', 'raised'),
      told(tape, 'venue/upbit', 'venue/upbit-raised'),
      told(tape, 'unknown', 'unknown-raised'),
    ]);
    expect(view.state().alerts).toMatchObject([{ key: 'venue/upbit', state: 'raised', delivery: { channel: 'telegram', state: 'sent' } }]);
  });

  it('once closed say nothing of the raise that was told', () => {
    const view = heard((tape) => [
      alert(tape, 'venue/upbit', 'raised'),
      alert(tape, 'venue/upbit', 'closed'),
      told(tape, 'venue/upbit', 'venue/upbit-raised'),
    ]);
    expect(view.state().alerts).toMatchObject([{ key: 'venue/upbit', state: 'closed', delivery: null }]);
  });
});

describe('events per second', () => {
  it('are counted between clocks a second apart, from the first clock on', () => {
    const view = makeView();
    const tape = makeTape();
    view.hear(l2(tape));
    view.hear(clock(tape));
    for (let i = 0; i < 30; i++) view.hear(l2(tape));
    tape.wait(999);
    view.hear(clock(tape));
    expect(view.state().rates).toEqual({});
    tape.wait(501);
    view.hear(clock(tape));
    expect(view.state().rates).toEqual({ l2: 20, clock: 1.3 });
  });
});

describe('trading as a whole', () => {
  it('shows the mode with the rule that chose it and the key figures, as they were last said', () => {
    const view = makeView();
    const tape = makeTape();
    expect(view.state()).toMatchObject({ guard: null, kpi: null });
    for (const event of [guard(tape, 'ACTIVE'), kpi(tape), guard(tape, 'REDUCE_ONLY', 'daily-loss')]) view.hear(event);
    expect(view.state()).toMatchObject({
      guard: { mode: 'REDUCE_ONLY', rule: 'daily-loss', closed: [{ what: 'BTC' }], equity: { amount: '9987.5' } },
      kpi: { trips: { won: 6 }, unrealised: { amount: '-0.75' }, numbers: { winRate: 0.6 } },
    });
    view.takeChange();
    view.hear(kpi(tape, null));
    const { position, ...change } = changeOf(view);
    expect(change).toEqual({ kpi: view.state().kpi });
    view.begin();
    expect(view.state()).toMatchObject({ guard: null, kpi: null });
  });
});

describe('change', () => {
  it('holds what is new, once', () => {
    const view = makeView();
    const tape = makeTape();
    expect(view.takeChange()).toBe('renewed');
    expect(view.takeChange()).toBeNull();
    view.hear(l2(tape, 'BTC'));
    view.hear(l2(tape, 'ETH'));
    view.takeChange();
    view.hear(l2(tape, 'ETH'));
    view.hear(l2(tape, 'ETH'));
    view.hear(fill(tape, 'o1'));
    const change = changeOf(view);
    expect(Object.keys(change).sort()).toEqual(['coins', 'fills', 'position']);
    expect(change).toMatchObject({ position: 5, coins: [{ coin: 'ETH', position: 4 }], fills: [{ order: 'o1' }] });
    expect(view.takeChange()).toBeNull();
  });

  it('applied row by row to an earlier state gives the present one', () => {
    const view = makeView();
    const tape = makeTape();
    const orders = new Map<string, string>();
    view.takeChange();
    const states = ['intended', 'accepted', 'filled'] as const;
    for (let i = 0; i < 60; i++) {
      view.hear(order(tape, `o${i % 20}`, states[Math.floor(i / 20)] as (typeof states)[number]));
      if (i % 7 === 0 || i === 59) for (const row of changeOf(view).orders ?? []) orders.set(row.order, row.state);
    }
    expect(orders).toEqual(new Map(view.state().orders.map((row) => [row.order, row.state])));
  });
});
