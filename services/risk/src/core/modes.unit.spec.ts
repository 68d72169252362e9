import { CoreBench, type Emitted, started } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { command, configWith, entry, exit, l2, lastGuard, position, quoting, roundTrip, trading, verdict } from '../testing.ts';
import { make } from './index.ts';

const FROM = (reason: 'handover' | 'lost' | 'fork') => ({ session: 's1', position: 5, reason });

/** The next session, as the cores meet it: positions begin again, state goes on. */
function nextSession(bench: CoreBench, reason: 'handover' | 'lost' | 'fork' = 'handover', mode: 'ACTIVE' | 'REDUCE_ONLY' = 'ACTIVE'): void {
  bench.enter('s2');
  bench.feed({ ...started(configWith({}), { parent: FROM(reason), mode }), at: bench.now });
}

describe('the mode of trading', () => {
  it('lets nothing in while reducing, and nothing at all while halted, until go-on', () => {
    const bench = trading();
    bench.feed(command('reduce-only'));
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'BLOCK', tier: 'portfolio', rule: 'mode-REDUCE_ONLY' });
    expect(verdict(bench, exit('BTC-1')).outcome).toBe('ALLOW');
    bench.feed(command('halt'));
    expect(verdict(bench, entry('BTC-1')).rule).toBe('mode-HALTED');
    expect(verdict(bench, exit('BTC-1'))).toMatchObject({ outcome: 'BLOCK', rule: 'mode-HALTED', decision: null });
    bench.feed(command('go-on'));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
  });

  it('is the strictest of what was said and what tripped', () => {
    const bench = trading({ maxDailyLoss: '100' });
    bench.feed(command('halt'));
    bench.feed(command('reduce-only'));
    bench.feed(command('halt'));
    expect(lastGuard(bench)).toMatchObject({ mode: 'HALTED', rule: 'command', why: 'me: test' });
  });

  it('is not loosened by the end of a breaker when a person has said something stricter meanwhile', () => {
    const bench = trading({ maxLossesInRow: 1, lossBreakerMs: 1000 });
    roundTrip(bench, 'BTC-1', '-1');
    bench.feed(command('halt'));
    bench.pass(1000);
    expect(lastGuard(bench)).toMatchObject({ mode: 'HALTED', closed: [] });
  });
});

describe('pause and resume', () => {
  it.each([
    ['BTC', 'symbol', 'coin-paused'],
    ['upbit', 'exchange', 'venue-paused'],
    ['BTC:binance>upbit', 'route', 'route-paused'],
  ])('of %s stop its entries and no others, and never its exits', (target, tier, rule) => {
    const bench = trading();
    bench.feed(command('pause', target));
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'BLOCK', tier, rule });
    expect(verdict(bench, exit('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('ETH-1', { coin: 'ETH', sell: 'okx' })).outcome).toBe('ALLOW');
    expect(lastGuard(bench).closed).toEqual([{ what: target, rule: 'paused', until: null }]);
    bench.feed(command('resume', target));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    expect(lastGuard(bench).closed).toEqual([]);
  });
});

describe('flatten', () => {
  it.each([
    ['BTC', 'BTC-9', {}, 'ETH-9', { coin: 'ETH' }],
    ['upbit', 'ETH-9', { coin: 'ETH' }, 'BTC-9', { sell: 'okx' }],
    ['BTC:binance>upbit', 'BTC-9', {}, 'BTC-9', { buy: 'okx' }],
    [undefined, 'ETH-9', { coin: 'ETH' }, null, {}],
  ])('of %s lets nothing in there until what was open there has ended', (target, shut, where, open, elsewhere) => {
    const bench = trading();
    verdict(bench, entry('BTC-1'));
    bench.feed(command('flatten', target));
    expect(verdict(bench, exit('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry(shut, where))).toMatchObject({ outcome: 'BLOCK', tier: 'portfolio', rule: 'flattening' });
    if (open !== null) expect(verdict(bench, entry(open, elsewhere)).outcome).toBe('ALLOW');
    bench.feed(position('BTC-1', 'CLOSED', '0'));
    expect(verdict(bench, entry(`${shut}9`, where)).outcome).toBe('ALLOW');
  });

  it('stops nothing where nothing is open', () => {
    const bench = trading();
    bench.feed(command('flatten'));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
  });
});

describe('a session', () => {
  it('begins in the mode that it names', () => {
    expect(verdict(trading({}, 'REDUCE_ONLY'), entry('BTC-1')).rule).toBe('mode-REDUCE_ONLY');
    expect(verdict(trading({}, 'HALTED'), exit('BTC-1')).rule).toBe('mode-HALTED');
  });

  it('keeps the halt, the open trips, the losses, the pauses and the cooldowns of its parent', () => {
    const bench = trading({ maxCoinLossesInRow: 1, coinCooldownMs: 60_000, capital: '1000' });
    roundTrip(bench, 'ETH-1', '-10', { coin: 'ETH' });
    verdict(bench, entry('BTC-2'));
    bench.feed(command('pause', 'okx'));
    bench.feed(command('halt'));
    nextSession(bench);
    quoting(bench);
    expect(lastGuard(bench)).toMatchObject({ mode: 'HALTED', exposure: { amount: '500' }, dailyPnl: { amount: '-10' } });
    bench.feed(command('go-on'));
    expect(verdict(bench, entry('ETH-3', { coin: 'ETH' })).rule).toBe('coin-losses-in-row');
    expect(verdict(bench, entry('BTC-3', { buy: 'okx' })).rule).toBe('venue-paused');
    expect(verdict(bench, entry('BTC-3')).numbers).toMatchObject({ exposure: 1000, drawdown: 0 });
  });

  it('after a lost one only reduces, until go-on', () => {
    const bench = trading();
    nextSession(bench, 'lost');
    quoting(bench);
    expect(lastGuard(bench)).toMatchObject({ mode: 'REDUCE_ONLY', rule: 'session', why: 'the session before this one was lost' });
    expect(verdict(bench, entry('BTC-1')).rule).toBe('mode-REDUCE_ONLY');
    expect(verdict(bench, exit('BTC-1')).outcome).toBe('ALLOW');
    nextSession(bench, 'handover');
    quoting(bench);
    expect(verdict(bench, entry('BTC-1')).rule).toBe('mode-REDUCE_ONLY');
    bench.feed(command('go-on'));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
  });

  it('enters nothing before both venues have said a book, the journal a commit, and somebody a rate', () => {
    const bench = trading();
    nextSession(bench);
    expect(verdict(bench, entry('BTC-1')).rule).toBe('no-fresh-book');
    // Shown as fresh, yet received before this session began.
    bench.feed({ ...l2('BTC', 100, [], 50), at: bench.now });
    expect(verdict(bench, entry('BTC-1')).rule).toBe('no-fresh-book');
    bench.feed(l2('BTC', 100, ['upbit']));
    expect(verdict(bench, entry('BTC-1')).rule).toBe('no-fresh-book');
    bench.feed(l2('BTC', 100));
    expect(verdict(bench, entry('BTC-1')).rule).toBe('journal-lag');
    bench.pass(100);
    expect(verdict(bench, entry('BTC-1')).rule).toBe('stale-fx');
    quoting(bench);
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
  });

  it('that is resumed waits for books received since, too', () => {
    const bench = trading();
    bench.pass(1000);
    bench.feed({ type: 'session.resumed', words: [], data: { boot: 'abcdefgh', term: 2 } });
    expect(verdict(bench, entry('BTC-1')).rule).toBe('no-fresh-book');
    bench.feed(l2('BTC', 100, [], 500));
    expect(verdict(bench, entry('BTC-1')).rule).toBe('no-fresh-book');
    bench.feed(l2('BTC', 100));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
  });

  it('under another currency counts losses anew, and enters nothing before what is open in the old one has ended', () => {
    const bench = trading({ capital: '1000' });
    roundTrip(bench, 'BTC-1', '-10');
    verdict(bench, entry('BTC-2'));
    bench.enter('s2');
    bench.feed(started(configWith({ currency: 'USD' }), { parent: FROM('handover') }));
    expect(lastGuard(bench)).toMatchObject({ exposure: { amount: '0', currency: 'USD' }, dailyPnl: { amount: '0', currency: 'USD' } });
    quoting(bench);
    const inDollars = entry('BTC-3', {}, { notional: { amount: '500', currency: 'USD' } });
    expect(verdict(bench, inDollars).rule).toBe('exposure-currency');
    bench.feed(position('BTC-2', 'CLOSED', '1', 'USD'));
    expect(lastGuard(bench).mode).toBe('ACTIVE');
    expect(verdict(bench, inDollars).rule).toBe('stale-fx');
  });

  it('goes on from what the core wrote before it knew of most limits', () => {
    const bench = new CoreBench(make, 'risk');
    const config = configWith({ maxPerCoin: '600' });
    const reservations = [['BTC-1', 'BTC', { amount: '200', currency: 'USDT' }]];
    bench.core.load({ config, mode: 'HALTED', fill: 0.9, committedAt: 1, rates: [], health: [], reservations } as never, 1);
    bench.feed(started(config, { parent: FROM('handover') }));
    quoting(bench);
    expect(lastGuard(bench)).toMatchObject({ mode: 'HALTED', exposure: { amount: '200' } });
    bench.feed(command('go-on'));
    expect(verdict(bench, entry('BTC-2')).rule).toBe('coin-exposure');
    bench.feed(position('BTC-1', 'CLOSED', '-3'));
    expect(verdict(bench, entry('BTC-2')).numbers).toMatchObject({ dailyPnl: -3, exposure: 500 });
  });
});

describe('the guard event', () => {
  const guards = (said: readonly Emitted[]) => said.filter(({ type }) => type === 'guard');

  it('is said when a session begins, at each change of the mode, and each minute', () => {
    const bench = trading();
    expect(bench.said('guard').length).toBe(1);
    expect(guards(bench.feed(command('halt'))).length).toBe(1);
    expect(guards(bench.feed(command('handover'))).length).toBe(0);
    expect(guards(bench.pass(59_899)).length).toBe(0);
    expect(guards(bench.pass(1)).length).toBe(1);
    expect(guards(bench.pass(60_000)).length).toBe(1);
  });

  it('is said once for minutes that nobody was there for', () => {
    const bench = trading();
    expect(guards(bench.pass(600_000)).length).toBe(1);
  });

  it('tells cooldowns that begin and end close together in one', () => {
    const bench = trading({ maxCoinLossesInRow: 1, coinCooldownMs: 5000 });
    for (const coin of ['BTC', 'ETH']) roundTrip(bench, `${coin}-1`, '-1', { coin });
    expect(bench.said('guard').length).toBe(1);
    const until = bench.now + 5_000_000;
    const [begun] = guards(bench.pass(1000)) as unknown as Emitted<'guard'>[];
    expect(begun?.data.closed).toEqual([
      { what: 'BTC', rule: 'coin-losses-in-row', until },
      { what: 'ETH', rule: 'coin-losses-in-row', until },
    ]);
    bench.pass(4000);
    const [ended] = guards(bench.pass(1000)) as unknown as Emitted<'guard'>[];
    expect(ended?.data.closed).toEqual([]);
  });

  it('is said at the same moment by a process that was restarted meanwhile', () => {
    const cooling = { maxCoinLossesInRow: 1, coinCooldownMs: 5000 };
    let bench = trading(cooling);
    roundTrip(bench, 'BTC-1', '-1');
    bench.pass(500);
    bench = CoreBench.restored(make, 'risk', bench.save());
    roundTrip(bench, 'ETH-1', '-1', { coin: 'ETH' });
    expect(guards(bench.pass(499)).length).toBe(0);
    expect(guards(bench.pass(1)).length).toBe(1);
    expect(guards(bench.pass(1000)).length).toBe(0);
  });

  it('counts verdicts by outcome and rules by how often they were first and how often they decided', () => {
    const bench = trading({ maxPositionSize: '300', leastNotional: '100', maxTripsPerCoin: 1 });
    for (const trip of ['BTC-1', 'BTC-2', 'BTC-3']) verdict(bench, entry(trip));
    verdict(bench, entry('ETH-1', { coin: 'ETH', notional: '200' }));
    bench.feed(command('reduce-only'));
    expect(lastGuard(bench)).toMatchObject({
      numbers: { allowed: 1, reduced: 1, blocked: 2, cooledDown: 0, trips: 2 },
      exposure: { amount: '500', currency: 'USDT' },
      counters: [
        { rule: 'position-size', first: 1, final: 1 },
        { rule: 'trips-per-coin', first: 2, final: 2 },
      ],
    });
  });
});
