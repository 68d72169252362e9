import type { DataOf } from '@arb/shared/contracts';
import { type CoreBench, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { allow, balances, begun, command, type Decision, lastPosition } from '../testing.ts';

type Transfer = NonNullable<Decision['transfer']>;

function ask(bench: CoreBench, change: Partial<Transfer> = {}, decision: Partial<Decision> = {}): void {
  const transfer = {
    from: 'binance',
    to: 'upbit',
    currency: 'BTC',
    quantity: '1.5',
    fee: '0.0005',
    arrivesAt: bench.now + 10_000_000,
    ...change,
  };
  bench.feed(allow('rebalance', [], { trip: 'BTC-7', transfer, ...decision }));
}
const states = (bench: CoreBench) => bench.said('transfer').map(({ data }: { data: DataOf<'transfer'> }) => data.state);

describe('a transfer', () => {
  it('leaves at once, is nowhere on its way, and arrives after its time less its fee', () => {
    const bench = begun('2');
    ask(bench);
    expect(states(bench)).toEqual(['left']);
    expect([balances(bench, 'binance')?.BTC, balances(bench, 'upbit')?.BTC]).toEqual(['0.5', '2']);
    bench.pass(9900);
    expect(states(bench)).toEqual(['left']);
    bench.pass(100);
    expect(states(bench)).toEqual(['left', 'arrived']);
    expect([balances(bench, 'binance')?.BTC, balances(bench, 'upbit')?.BTC]).toEqual(['0.5', '3.4995']);
  });

  it('is carried over into a child session, and names its verdict by the session it stands in', () => {
    const bench = begun('2');
    ask(bench);
    const asked = bench.position;
    bench.enter('s2');
    bench.feed(started(TEST_CONFIG, { parent: { session: 's1', position: asked, reason: 'handover' } }));
    bench.pass(10_000);
    expect(bench.said('transfer').at(-1)).toMatchObject({ data: { state: 'arrived' }, basis: [`s1:${asked}`] });
  });

  it('is done once, however often it is allowed', () => {
    const bench = begun('2');
    for (let i = 0; i < 3; i++) ask(bench, { quantity: '0.5' });
    bench.pass(20_000);
    ask(bench, { quantity: '0.5' });
    expect(states(bench)).toEqual(['left', 'arrived']);
  });

  it.each<[string, Partial<Transfer>, Partial<Decision>, string]>([
    ['more than there is', { quantity: '2.1' }, {}, 'no balance: binance has 2 BTC free, 2.1 are to be sent'],
    ['to where it is', { to: 'binance' }, {}, 'expected two venues, found binance twice'],
    ['to nobody', { to: 'okx' }, {}, 'venue okx is not configured'],
    ['no more than its fee', { quantity: '0.0005' }, {}, 'expected a quantity above the fee of 0.0005 BTC, found 0.0005'],
    ['too late', {}, { validUntil: 1 }, 'the decision is too old'],
  ])('of %s is refused, with the reason, also as the failed trip it is', (_, change, decision, why) => {
    const bench = begun('2');
    ask(bench, change, decision);
    expect(bench.said('transfer').map(({ data }) => [data.state, data.why])).toEqual([['refused', why]]);
    expect(lastPosition(bench)).toMatchObject({ trip: 'BTC-7', state: 'FAILED', why });
    expect(balances(bench, 'binance')?.BTC).toBe('2');
  });

  it('is refused while halted, and where the decision names none', () => {
    const bench = begun('2');
    bench.feed(allow('rebalance', [], { trip: 'BTC-8' }));
    command(bench, 'halt');
    ask(bench);
    expect(bench.said('transfer').map(({ data }) => data.why)).toEqual(['the decision names no transfer', 'halted']);
  });

  it('is refused while positions are only reduced', () => {
    const bench = begun('2');
    command(bench, 'reduce-only');
    ask(bench);
    expect(bench.said('transfer').map(({ data }) => data.why)).toEqual(['nothing is sent: reduce-only']);
  });

  it('is counted with what its fee costs at the price of the decision, refused ones not', () => {
    const bench = begun('2');
    ask(bench, { quantity: '1.5', fee: '0.003' }, { notional: { amount: '150', currency: 'USDT' } });
    ask(bench, { quantity: '0.1' }, { trip: 'BTC-8', notional: null });
    ask(bench, { quantity: '5' }, { trip: 'BTC-9', notional: { amount: '500', currency: 'USDT' } });
    bench.pass(10_000);
    expect(bench.said('kpi').at(-1)?.data.numbers).toMatchObject({ transfers: 2, transferCost: 0.3 });
  });
});
