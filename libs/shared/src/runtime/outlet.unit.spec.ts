import { type Link, Outlet, ReplayDiverged } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const subject = 'verdict.BTC';
const bytesOf = (n: number): Buffer => Buffer.from(`{"n":${n}}`);

/** A link that remembers what was sent. */
function wire(): { readonly link: Link; readonly sent: string[] } {
  const sent: string[] = [];
  return { link: { publish: (_: string, bytes: Uint8Array) => sent.push(Buffer.from(bytes).toString()) } as unknown as Link, sent };
}

function offered(outlet: Outlet, from: number, to: number, now = 0): void {
  for (let n = from; n <= to; n++) outlet.offer(n, subject, bytesOf(n), 100 + n, now);
}

describe('outlet', () => {
  it('sends each output once on a link, in order, and all that is open again on the next', () => {
    const outlet = new Outlet('risk');
    const first = wire();
    offered(outlet, 1, 3);
    expect([outlet.send(first.link, 0, 0), outlet.send(first.link, 0, 0)]).toEqual([3, 0]);
    offered(outlet, 4, 4);
    outlet.send(first.link, 0, 0);
    outlet.confirm(1, 11, subject, bytesOf(1), 0);
    outlet.unsend();
    const second = wire();
    offered(outlet, 5, 5);
    outlet.send(second.link, 0, 0);
    expect(first.sent).toEqual([1, 2, 3, 4].map((n) => bytesOf(n).toString()));
    expect(second.sent).toEqual([2, 3, 4, 5].map((n) => bytesOf(n).toString()));
  });

  it('does not send again what comes back while it waits on a new link', () => {
    const outlet = new Outlet('risk');
    offered(outlet, 1, 4);
    outlet.send(wire().link, 0, 0);
    outlet.unsend();
    outlet.confirm(1, 11, subject, bytesOf(1), 0);
    outlet.confirm(2, 12, subject, bytesOf(2), 0);
    const { link, sent } = wire();
    outlet.send(link, 0, 0);
    expect(sent).toEqual([bytesOf(3).toString(), bytesOf(4).toString()]);
  });

  it('waits with each output for its patience, and sends nothing that another has said meanwhile', () => {
    const outlet = new Outlet('risk');
    const { link, sent } = wire();
    offered(outlet, 1, 1, 0);
    offered(outlet, 2, 2, 10);
    expect(outlet.send(link, 19, 20)).toBe(0);
    outlet.confirm(1, 11, subject, bytesOf(1), 19);
    expect(outlet.send(link, 20, 20)).toBe(0);
    expect(outlet.send(link, 30, 20)).toBe(1);
    expect(sent).toEqual([bytesOf(2).toString()]);
  });

  it('tells what was sent longest ago, and nothing where nothing was', () => {
    const outlet = new Outlet('risk');
    expect(outlet.oldestSent).toBeNull();
    offered(outlet, 1, 2);
    expect(outlet.oldestSent).toBeNull();
    outlet.send(wire().link, 5, 0);
    expect(outlet.oldestSent).toMatchObject({ n: 1, sentAt: 5 });
    outlet.confirm(1, 11, subject, bytesOf(1), 6);
    expect(outlet.oldestSent).toMatchObject({ n: 2, sentAt: 5 });
    outlet.unsend();
    expect(outlet.oldestSent).toBeNull();
  });

  it('comes to the same end however deriving, reading back, sending and new links fall together', () => {
    const step = fc.constantFrom('derive', 'read', 'send', 'unsend', 'save');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let outlet = new Outlet('risk');
        let derived = 0;
        let read = 0;
        let onThisLink = 0;
        for (const now of steps.keys()) {
          const { link, sent } = wire();
          if (steps[now] === 'derive') offered(outlet, ++derived, derived, now);
          else if (steps[now] === 'read') {
            // A twin may have said it before it is derived here, a few at most.
            if (read - derived >= 4) continue;
            outlet.confirm(++read, 1_000 + read, subject, bytesOf(read), now);
            // A late copy changes nothing.
            outlet.confirm(read, 2_000, subject, Buffer.from('other'), now);
          } else if (steps[now] === 'unsend') {
            outlet.unsend();
            onThisLink = read;
          } else if (steps[now] === 'save' && read <= derived) {
            const saved = JSON.parse(JSON.stringify(outlet.saveOpen())) as ReturnType<Outlet['saveOpen']>;
            outlet = new Outlet('risk');
            outlet.load(new Map([['verdict', read]]), saved, now);
            onThisLink = read;
          } else if (steps[now] === 'send') {
            const from = Math.max(onThisLink, read);
            outlet.send(link, now, 0);
            expect(sent).toEqual(Array.from({ length: Math.max(0, derived - from) }, (_, i) => bytesOf(from + 1 + i).toString()));
            onThisLink = Math.max(onThisLink, derived);
          }
          expect([outlet.derived('verdict'), outlet.taken('verdict'), outlet.unconfirmed]).toEqual([
            derived,
            read,
            Math.max(0, derived - read),
          ]);
          expect(outlet.saveOpen().map(({ body }) => body)).toEqual(
            Array.from({ length: Math.max(0, derived - read) }, (_, i) => bytesOf(read + 1 + i).toString()),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  const diverged = (call: () => void): ReplayDiverged => {
    try {
      call();
    } catch (error) {
      if (error instanceof ReplayDiverged) return error;
      throw error;
    }
    throw new Error('expected REPLAY_DIVERGED, nothing was thrown');
  };

  it('stops with position, subject and both texts when what is read back is not what was derived', () => {
    for (const [recordedSubject, recorded] of [
      [subject, '{"n":1,"other":true}'],
      ['verdict.ETH', '{"n":1}'],
      [subject, '{"n":1} '],
    ] as const) {
      const outlet = new Outlet('risk');
      offered(outlet, 1, 1);
      const error = diverged(() => outlet.confirm(1, 77, recordedSubject, Buffer.from(recorded), 0));
      expect(error).toMatchObject({ code: 'REPLAY_DIVERGED', position: 77, subject: recordedSubject, expected: recorded });
      expect(error.found).toBe(`${subject} {"n":1}`);
    }
  });

  it('stops with the position of the record when what is derived later is not what was recorded before', () => {
    const outlet = new Outlet('risk');
    outlet.confirm(1, 77, subject, Buffer.from('{"n":1,"other":true}'), 0);
    expect(diverged(() => offered(outlet, 1, 1))).toMatchObject({ position: 77, expected: '{"n":1,"other":true}' });
  });

  it('keeps what it reads back before deriving it, though the reader uses its buffer again', () => {
    const outlet = new Outlet('risk');
    const buffer = bytesOf(1);
    outlet.confirm(1, 77, subject, buffer, 0);
    buffer.fill(0);
    expect(() => offered(outlet, 1, 1)).not.toThrow();
  });

  it('stops at what was recorded and is never derived, once its cause has been handled', () => {
    const outlet = new Outlet('risk');
    outlet.confirm(1, 77, subject, bytesOf(1), 0);
    expect(() => outlet.expectDerivedBelow(77)).not.toThrow();
    expect(diverged(() => outlet.expectDerivedBelow(78))).toMatchObject({ position: 77, subject, found: 'nothing' });
  });

  it('refuses an output with the wrong number', () => {
    const outlet = new Outlet('risk');
    expect(() => offered(outlet, 2, 2)).toThrow('risk: output 2 of verdict derived after 0');
    offered(outlet, 1, 1);
    expect(() => offered(outlet, 1, 1)).toThrow('risk: output 1 of verdict derived after 1');
  });
});
