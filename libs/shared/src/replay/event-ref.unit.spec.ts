import { describe, expect, it } from '@jest/globals';
import { NotAnEvent, parseEventRef } from './event-ref.ts';

const DAY = Date.parse('2026-11-20T07:18:01Z') * 1_000;

describe('what people call an event', () => {
  it.each([
    ['12', { session: null, kind: 'position', position: 12 }],
    ['s-1:12', { session: 's-1', kind: 'position', position: 12 }],
    ['2026-11-20-071801-k3f9:12', { session: '2026-11-20-071801-k3f9', kind: 'position', position: 12 }],
    ['last', { session: null, kind: 'end', which: 'last' }],
    ['s-1:first', { session: 's-1', kind: 'end', which: 'first' }],
    ['-1000', { session: null, kind: 'back', by: 1000 }],
    ['s-1:-5', { session: 's-1', kind: 'back', by: 5 }],
    ['fill:last', { session: null, kind: 'type', type: 'fill', which: 'last' }],
    ['service.started:first', { session: null, kind: 'type', type: 'service.started', which: 'first' }],
    ['s-1:fill:last', { session: 's-1', kind: 'type', type: 'fill', which: 'last' }],
    ['2026-11-20T07:18:01Z', { session: null, kind: 'time', micros: DAY }],
    ['2026-11-20 07:18:01', { session: null, kind: 'time', micros: DAY }],
    ['2026-11-20T07:18:01.25', { session: null, kind: 'time', micros: DAY + 250_000 }],
    ['2026-11-20T16:18:01+09:00', { session: null, kind: 'time', micros: DAY }],
    ['2026-11-20', { session: null, kind: 'time', micros: Date.parse('2026-11-20T00:00:00Z') * 1_000 }],
    ['07:18:01.000007', { session: null, kind: 'time-of-day', micros: (7 * 3_600 + 18 * 60 + 1) * 1_000_000 + 7 }],
    ['s-1:07:18', { session: 's-1', kind: 'time-of-day', micros: (7 * 3_600 + 18 * 60) * 1_000_000 }],
  ])('%s is understood', (text, meant) => expect(parseEventRef(text)).toEqual(meant));

  it.each([
    '',
    'soon',
    '1.5',
    '1e3',
    '--5',
    'fills:last',
    'fill:newest',
    's 1:5',
    '25:00',
    '2026-13-40',
    '2026-02-30',
    '2026-04-31T12:00Z',
    'constructor:last',
    '2026-11-20T99:00:00',
    ':5',
    's-1:',
    '99999999999999999',
  ])('"%s" is refused, with what would be understood', (text) => expect(() => parseEventRef(text)).toThrow(NotAnEvent));

  it('of a type that does not exist names those that do', () => {
    expect(() => parseEventRef('fil:last')).toThrow(/no event type fil; there are .*fill/);
  });
});
