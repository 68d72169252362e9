import type { Why, WhyLink } from '@arb/shared/replay';
import { describe, expect, it } from '@jest/globals';
import { table } from '../table.ts';
import { parseSpeed } from './replay.ts';
import { bytesText, fieldsText, msText, numberText } from './say.ts';
import { missingText, toldWhy, toldWhyNot } from './why-told.ts';

const AT = 1_700_000_000_000_000;

function link(position: number, change: Partial<WhyLink> = {}): WhyLink {
  const rest = {
    subject: `l2.${position}`,
    type: 'l2',
    source: 'aggregator',
    at: AT,
    storedAt: AT + 500,
    taken: true,
    by: 'cause' as const,
  };
  return { session: 's', position, ...rest, hopMs: 1.25, says: `says ${position}`, numbers: {}, links: [], more: false, ...change };
}

describe('why, told to a person', () => {
  const why: Why = {
    session: 's',
    position: 9,
    event: link(9, { by: null, hopMs: null, numbers: { edgeBps: 12.345678901, rule: 'min-edge' } }),
    causes: [link(7, { links: [link(3), link(2, { by: 'basis', session: 'parent' })] }), link(6, { more: true })],
    effects: [link(10)],
    trip: [],
    searchedTo: 500,
  };

  it('is a tree: each link with how it is tied, where it stands, when it was and how long the hop took', () => {
    const lines = toldWhy(why);
    expect(lines[0]).toBe('s:9  l2.9  2023-11-14T22:13:20.000Z');
    expect(lines).toContain('  edgeBps 12.34568, rule min-edge');
    expect(lines).toContain('├─ cause 7  l2.7  22:13:20.000  1.25 ms');
    expect(lines).toContain('│  ├─ cause 3  l2.3  22:13:20.000  1.25 ms');
    expect(lines).toContain('│  └─ basis parent:2  l2.2  22:13:20.000  1.25 ms');
    expect(lines).toContain('   … more: arb why 6');
    expect(lines).toContain('└─ cause 10  l2.10  22:13:20.000  1.25 ms');
    expect(lines.at(-1)).toContain('up to position 500');
  });

  it('says so where there is nothing on a side', () => {
    const lines = toldWhy({ ...why, causes: [], effects: [] });
    expect(lines).toContain('It rests on nothing: it came from outside.');
    expect(lines).toContain('Nothing followed from it.');
  });
});

describe('why-not, told to a person', () => {
  const asked = { coin: 'BTC', buy: null, sell: null };
  it('names what was missing, by rule', () => {
    const refusal = {
      ...{
        position: 4,
        coin: 'BTC',
        route: { buy: 'upbit', sell: 'binance' },
        by: 'strategy' as const,
        rule: 'min-edge',
        tier: null,
        value: 12,
        limit: 15,
      },
      ...{ missing: 3, missingPercent: 20, why: 'too small', storedAt: AT, offMs: -250, numbers: {} },
    };
    const lines = toldWhyNot({ session: 's', asked, position: 5, rules: [refusal], entered: null, lookedAt: 1, traded: null }, (rows) =>
      table(['a'], rows),
    );
    expect(lines[0]).toBe('BTC, at position 5: the nearest refusals, by rule');
    expect(lines.join('\n')).toMatch(/3 too small \(20 %\)/);
    expect(missingText({ missing: -2.5, missingPercent: null })).toBe('2.5 too great');
    expect(missingText({ missing: 0, missingPercent: 0 })).toBe('at the limit');
    expect(missingText({ missing: null, missingPercent: null })).toBeNull();
  });

  it('says what to look at where nothing was recorded', () => {
    const nothing = { session: 's', asked, position: 5, rules: [], entered: null, lookedAt: 0 };
    const lines = (traded: readonly string[] | null) => toldWhyNot({ ...nothing, traded }, () => []).join(' ');
    expect(lines(['BTC'])).toMatch(/No refusal of BTC .* a coin without fresh books/);
    expect(lines(null)).toBe(lines(['BTC']));
    expect(lines(['ETH', 'XRP'])).toMatch(/No refusal of BTC .* BTC was not among the coins traded then: ETH, XRP\./);
  });
});

describe('numbers for people', () => {
  it('are short, and exact where they are whole', () => {
    expect([numberText(0.1 + 0.2), numberText(1e21), numberText(303_689), numberText(null), numberText('0.10')]).toEqual([
      '0.3',
      '1e+21',
      '303689',
      '-',
      '0.10',
    ]);
    expect(fieldsText({ a: 1, b: null })).toBe('a 1, b -');
    expect([msText(0.123), msText(1_500), msText(-3_600_000)]).toEqual(['0.12 ms', '1.5 s', '-60 min']);
    expect([bytesText(999), bytesText(1_000), bytesText(123_456_789)]).toEqual(['999 B', '1.0 kB', '123 MB']);
  });

  it('of a speed are max, or so many times', () => {
    expect([parseSpeed('max'), parseSpeed('1x'), parseSpeed('2.5x')]).toEqual([null, 1, 2.5]);
    for (const text of ['fast', '0x', '-1x', '10', 'x']) expect(() => parseSpeed(text)).toThrow(/--speed is max, 1x, 10x/);
  });
});
