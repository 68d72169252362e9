import { describe, expect, it } from '@jest/globals';
import type { Archive } from '../journal/index.ts';
import type { StoredEvent } from '../runtime/index.ts';
import { NotAnEvent } from './event-ref.ts';
import { NotThere } from './resolve.ts';
import { recordSession } from './testing.ts';
import { parseRoute, requireVenues, whyNot } from './why-not.ts';

const recorded = recordSession();
/** Every decision is on one route; the archive finds only those it is asked for, at most `limit` of them. */
function archiveOf(most: number): Archive {
  const rows = recorded.rows.map((row): StoredEvent => {
    const text = Buffer.from(row.bytes).toString();
    return row.subject.startsWith('decision.')
      ? { ...row, bytes: Buffer.from(text.replace('"route":null', '"route":{"buy":"upbit","sell":"binance"}')) }
      : row;
  });
  const archive: Pick<Archive, 'event' | 'ofType' | 'configOf'> = {
    configOf: async () => '{}',
    event: async (_, position) => rows.find((row) => row.position === position) ?? null,
    ofType: async (_, { types, subject, upTo, from }) =>
      (upTo === undefined ? rows : [...rows].reverse())
        .filter(({ position }) => (upTo === undefined ? position >= (from ?? 1) : position <= upTo))
        .filter((row) => row.taken && types.includes(row.subject.split('.')[0] as string) && (subject ?? row.subject) === row.subject)
        .slice(0, types[0] === 'verdict' ? 100 : most),
  };
  return archive as Archive;
}

describe('what was not traded', () => {
  it.each([
    ['btc', { coin: 'BTC', buy: null, sell: null }],
    ['1INCH', { coin: '1INCH', buy: null, sell: null }],
    ['BTC:binance-upbit', { coin: 'BTC', buy: 'binance', sell: 'upbit' }],
    ['BTC:binance>upbit', { coin: 'BTC', buy: 'binance', sell: 'upbit' }],
    ['upbit-binance', { coin: null, buy: 'upbit', sell: 'binance' }],
  ])('%s is a coin or a route', (text, meant) => expect(parseRoute(text)).toEqual(meant));

  it.each(['', 'BTC:', 'BTC:upbit', 'BTC:upbit-', ':upbit-binance', 'a b', 'BTC:upbit-binance-okx-x y'])('"%s" is neither', (text) =>
    expect(() => parseRoute(text)).toThrow(NotAnEvent),
  );

  it('cannot be a route over venues that the session does not know, such as the parts of a pair', () => {
    const config = JSON.stringify({ market: { venues: [{ name: 'upbit' }, { name: 'binance' }] } });
    for (const text of ['BTC', 'upbit-binance', 'BTC:binance-upbit']) requireVenues(parseRoute(text), 's', config);
    for (const text of ['BTC-USDT', 'BTC:kraken-upbit', 'BTC:upbit-kraken']) {
      expect(() => requireVenues(parseRoute(text), 's', config)).toThrow(NotThere);
      expect(() => requireVenues(parseRoute(text), 's', config)).toThrow(/^s trades on upbit, binance, not on (btc|kraken): ask of a coin/);
    }
  });

  it('names the route of what risk refused, and leaves it out of another route, however far off its decision stands', async () => {
    for (const most of [100, 1]) {
      const risk = async (text: string) =>
        (await whyNot(archiveOf(most), recorded.session, parseRoute(text), 50)).rules.filter(({ by }) => by === 'risk');
      expect(await risk('BTC')).toMatchObject([{ route: { buy: 'upbit', sell: 'binance' } }]);
      expect(await risk('BTC:upbit-binance')).toEqual(await risk('BTC'));
      expect(await risk('BTC:binance-upbit')).toEqual([]);
    }
  });
});
