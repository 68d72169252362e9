import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnyEvent, encodeEvent, encodeOutput, type Header, parseEvent, type Scanned, scan, UnwrittenOutput } from './envelope.ts';
import { readLevels } from './read-levels.ts';
import { writtenAt } from './written.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text);
const isWritten = (text: string, value: unknown): boolean => writtenAt(bytesOf(text), 0, value) === Buffer.byteLength(text);

/** Any value as JSON knows it, with numbers of all sizes and decimals as prices have them. */
const price = fc.tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 9 })).map(([n, p]) => n / 10 ** p);
const number = fc.oneof(
  price,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 1e21, 1e-7, 1e-6, 1e15, 1e16),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, number, fc.string(), fc.boolean(), fc.constant(null), fc.constant(undefined), tie('list'), tie('object')),
  list: fc.array(tie('any'), { maxLength: 6 }),
  object: fc.dictionary(fc.string({ maxLength: 6 }), tie('any'), { maxKeys: 6, noNullPrototype: true }),
})).any;

describe('bytes held against a value', () => {
  it('are found equal only where JSON writes exactly them and reads exactly the value from them', () => {
    fc.assert(
      fc.property(value, (value) => {
        const text = JSON.stringify(value) as string | undefined;
        if (text === undefined || !isWritten(text, value)) return;
        expect(JSON.parse(text)).toStrictEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are found equal for every book of plain prices', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            price.filter((p) => p === 0 || p >= 1e-6),
            fc.integer({ min: 0 }),
          ),
        ),
        (levels) => {
          expect(isWritten(JSON.stringify({ levels }), { levels })).toBe(true);
        },
      ),
    );
  });

  it.each(['1.50', '1.5e0', '01.5', '1.500000000000000000001', '+1.5', '1.5 ', ' 1.5', '1.', '15e-1', '1.5000000000000001'])(
    'are not equal to 1.5 as %s',
    (text) => expect(isWritten(text, 1.5)).toBe(false),
  );

  it('are not equal after any one byte was changed', () => {
    const book = {
      venue: 'upbit',
      bids: [
        [244_600, 0.125],
        [1e21, 5],
      ],
      asks: [[1_234.567_8, 0.000_001]],
      at: null,
      ok: true,
    };
    const bytes = bytesOf(JSON.stringify({ ...book, bids: [[244_600, 0.125]] }));
    const same = { ...book, bids: [[244_600, 0.125]] };
    expect(writtenAt(bytes, 0, same)).toBe(bytes.length);
    for (let at = 0; at < bytes.length; at++)
      for (const other of [0x20, 0x22, 0x2c, 0x2e, 0x30, 0x31, 0x39, 0x5d, 0x65, 0x7d]) {
        if (bytes[at] === other) continue;
        const changed = Buffer.from(bytes);
        changed[at] = other;
        expect(writtenAt(changed, 0, same) === changed.length).toBe(false);
      }
  });
});

describe('an output that is not written yet', () => {
  const header: Header = { n: 3, source: 'aggregator', session: 's', type: 'l2', v: 1, at: 5, cause: 7, basis: [1, 2] };
  const data = { coin: 'BTC', numeraire: 'USDT', venues: [], bids: [[1.25, 2, 0, 1.25]], asks: [] };
  const output = new UnwrittenOutput('l2.BTC', header, data);
  const bytes = encodeOutput('l2.BTC', header, data) as Buffer;

  it('is the event that is parsed from its bytes', () => {
    expect(output.isWrittenAs(bytes)).toBe(true);
    expect(output.eventAt(9)).toStrictEqual(parseEvent('l2.BTC', bytes, scan('l2.BTC', bytes) as Scanned, 9));
  });

  it('is no shorter, longer or other bytes', () => {
    for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, bytesOf(' ')]), bytesOf(bytes.toString().replace('1.25', '1.26'))]) {
      expect(output.isWrittenAs(other)).toBe(false);
      expect(output.equals(other)).toBe(false);
    }
  });

  it('with text that has to be escaped is written out to be compared', () => {
    const told = new UnwrittenOutput('l2.BTC', header, { ...data, coin: 'BTC', numeraire: 'U"T' });
    const text = bytesOf(encodeEvent(header, told.data));
    expect(told.isWrittenAs(text)).toBe(false);
  });
});

describe('levels read from the bytes', () => {
  const header = { n: 1, source: 'market-data/abcdefgh', session: 's', type: 'book', v: 1, at: 5, cause: null } as const;
  const subject = 'book.upbit.BTC-KRW';
  const textOf = (bids: string, asks: string, more = ''): string =>
    encodeEvent(header, { venue: 'upbit', symbol: 'BTC-KRW', epoch: 1, sequence: 1, exchangeAt: null, receivedAt: 1, bids: 0, asks: 0 })
      .replace('"bids":0', `"bids":${bids}`)
      .replace('"asks":0', `"asks":${asks}${more}`);
  const parsed = (text: string): AnyEvent | string => {
    const bytes = bytesOf(text);
    return parseEvent(subject, bytes, scan(subject, bytes) as Scanned, 1);
  };

  it('are the very numbers that JSON reads', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(price, price)), fc.array(fc.tuple(number, number, number, number)), (bids, asks) => {
        const text = `{"bids":${JSON.stringify(bids)},"asks":${JSON.stringify(asks)}}`;
        const found = readLevels(bytesOf(text));
        if (found !== null) expect({ bids: found.bids, asks: found.asks }).toStrictEqual(JSON.parse(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('are read where a book has them', () => {
    expect(readLevels(bytesOf(textOf('[[1.5,2]]', '[[10,0.000123456789012345678]]')))).toMatchObject({
      bids: [[1.5, 2]],
      asks: [[10, Number('0.000123456789012345678')]],
    });
  });

  it('stand for what was written', () => {
    expect(parsed(textOf('[[1.5,2],[1,3]]', '[]'))).toMatchObject({
      data: {
        bids: [
          [1.5, 2],
          [1, 3],
        ],
        asks: [],
      },
    });
  });

  it.each([
    ['a field that stands twice', textOf('[[1,1]]', '[[2,1]]', ',"bids":null'), 'bids'],
    ['a field that stands twice, spelled otherwise', textOf('[[1,1]]', '[[2,1]]', ',"\\u0062ids":null'), 'bids'],
    ['no numbers', textOf('[[1,1]]', '[[2,"1"]]'), 'asks'],
    ['levels of three', textOf('[[1,1,1]]', '[]'), 'bids'],
    ['levels of four', textOf('[[1,1,1,1]]', '[]'), 'bids'],
    ['a number that JSON does not know', textOf('[[01,1]]', '[]'), 'JSON'],
    ['a field that nobody knows', textOf('[[1,1]]', '[]', ',"extra":1'), 'extra'],
    ['something behind its end', `${textOf('[[1,1]]', '[]')}x`, 'JSON'],
  ])('do not hide %s', (_, text, says) => {
    expect(parsed(text)).toEqual(expect.stringContaining(says));
  });

  it('do not hide bytes that are no text', () => {
    const bytes = Buffer.concat([bytesOf(textOf('[[1,1]]', '[]').replace('"upbit","symbol"', '"upbit","x')), Buffer.from([0xff])]);
    expect(parseEvent(subject, bytes, scan(subject, bytes) as Scanned, 1)).toBe('is not strict UTF-8');
  });
});
