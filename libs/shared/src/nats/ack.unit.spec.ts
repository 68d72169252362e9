import { describe, expect, it } from '@jest/globals';
import { type Ack, microsOf, parseAck } from './ack.ts';

function parsed(reply: string): Ack | null {
  const ack: Ack = { position: 0, sequence: 0, storedAt: 0, pending: 0 };
  return parseAck(Buffer.from(reply), ack) ? ack : null;
}

describe('parseAck', () => {
  const numbers = { position: 1234567, sequence: 42, storedAt: 1795160000123456, pending: 7 };

  it.each([
    ['9 words', '$JS.ACK.SESSION_a-1.Xy9.1.1234567.42.1795160000123456789.7'],
    ['11 words', '$JS.ACK.hub.AcCoUnT.SESSION_a-1.Xy9.1.1234567.42.1795160000123456789.7'],
    ['12 words', '$JS.ACK._.AcCoUnT.SESSION_a-1.Xy9.1.1234567.42.1795160000123456789.7.rAnD0m'],
  ])('reads a reply of %s', (_, reply) => {
    expect(parsed(reply)).toEqual(numbers);
  });

  it('gives the time in whole µs where the ns are beyond what a number holds', () => {
    expect(parsed('$JS.ACK.s.c.1.1.1.1795160000999999999.0')?.storedAt).toBe(1795160000999999);
    expect(parsed('$JS.ACK.s.c.1.1.1.1795160000000001000.0')?.storedAt).toBe(1795160000000001);
  });

  it.each([
    '',
    '$JS.ACK.s.c.1.1.1.1795160000123456789',
    '$JS.ACK.s.c.1.1.1.1795160000123456789.0.0',
    '$JS.ACK.s.c.1.x.1.1795160000123456789.0',
    '$JS.ACK.s.c.1..1.1795160000123456789.0',
    '$JS.ACK.s.c.1.1.1.17.0',
    '$JS.ACK.s.c.1.99999999999999999.1.1795160000123456789.0',
    '$JS.ACK.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r',
  ])('refuses %p', (reply) => {
    expect(parsed(reply)).toBeNull();
  });
});

describe('microsOf', () => {
  it.each([
    ['2026-11-20T07:34:07.123456789Z', 123456],
    ['2026-11-20T07:34:07.1Z', 100000],
    ['2026-11-20T07:34:07.000000999Z', 0],
    ['2026-11-20T07:34:07Z', 0],
  ])('cuts %s to whole µs, as a delivered message does', (time, micros) => {
    expect(microsOf(time)).toBe(Date.UTC(2026, 10, 20, 7, 34, 7) * 1000 + micros);
  });

  it('refuses what is not the server’s UTC time', () => {
    expect(() => microsOf('2026-11-20T07:34:07+01:00')).toThrow('expected a UTC time');
  });
});
