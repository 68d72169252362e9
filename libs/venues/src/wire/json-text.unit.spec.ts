import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Json, NumberText, readJson } from './json-text.ts';

/** With its numbers as JSON itself reads them. */
function plain(value: Json): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  return value;
}

function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch {
    return 'refused';
  }
}

describe('the reader of JSON', () => {
  it('takes what JSON.parse takes, and gives the same', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', '0', '\\', ' ', '\u0001', 'e'), (text, place, put) => {
        const at = place % (text.length + 1);
        const damaged = text.slice(0, at) + put + text.slice(at + (place % 3));
        for (const one of [text, damaged])
          expect(outcome(() => plain(readJson(Buffer.from(one))))).toEqual(outcome(() => JSON.parse(Buffer.from(one).toString())));
      }),
      { numRuns: 3_000 },
    );
  });

  it('keeps a number as it was written', () => {
    expect(readJson(Buffer.from('[14444463.762309231, 2.1E-7]'))).toEqual([new NumberText('14444463.762309231'), new NumberText('2.1E-7')]);
  });

  it.each([
    ['bytes that are no UTF-8', Buffer.from([34, 0xff, 34])],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['nesting without end', Buffer.from('['.repeat(100_000))],
    ['nothing', Buffer.from('')],
  ])('refuses %s', (_, bytes) => {
    expect(() => readJson(bytes)).toThrow('is not');
  });

  it('takes __proto__ for a key like any other', () => {
    const value = readJson(Buffer.from('{"__proto__":{"polluted":true}}'));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });
});
