import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ServiceName } from '../contracts/index.ts';
import type { AdminLink, Link } from '../runtime/ports.ts';
import { natsBus } from './bus.ts';
import { type NatsServer, startNatsServer } from './testing.ts';

const STREAM = 'SESSION_a';

/** Reads until the position; resolves with the positions in the order in which they came. */
function positions(
  link: Link,
  as: ServiceName | null,
  from: number,
  to: number,
  each: () => void = () => {},
  got: number[] = [],
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const reading = link.read(
      STREAM,
      from,
      as,
      (message) => {
        got.push(message.position);
        each();
        if (message.position < to) return;
        void reading.then((open) => open.stop());
        resolve(got);
      },
      reject,
    );
    reading.catch(reject);
  });
}

/** As `positions`; begins anew where it stood as often as a busy server is taken for a silent one, as every reader of the runtime does. */
async function positionsThroughSilence(link: Link, as: ServiceName | null, to: number, each: () => void): Promise<number[]> {
  const got: number[] = [];
  while (got.length < to) {
    const more: number[] = [];
    await positions(link, as, got.length + 1, to, each, more).catch((why: unknown) => {
      if (!String(why).includes('from the server for 1250 ms')) throw why;
    });
    got.push(...more);
  }
  return got;
}

/** A way to the server on which messages are lost: asked with the position each time one passes. */
async function lossyWay(port: number, loses: (position: number) => boolean): Promise<{ url: string; close(): void }> {
  const way: Server = createServer((client) => {
    const server = createConnection(port, '127.0.0.1');
    client.pipe(server);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    let rest = Buffer.alloc(0);
    server.on('data', (data) => {
      rest = Buffer.concat([rest, data as Buffer]);
      for (;;) {
        const end = rest.indexOf('\r\n');
        if (end < 0) return;
        const words = rest.toString('latin1', 0, end).split(' ');
        const whole = /^H?MSG$/.test(words[0] as string) ? end + 2 + Number(words.at(-1)) + 2 : end + 2;
        if (rest.length < whole) return;
        const reply = words[0] === 'MSG' && words.length === 5 ? (words[3] as string) : '';
        if (!reply.startsWith('$JS.ACK') || !loses(Number(reply.split('.')[5]))) client.write(rest.subarray(0, whole));
        rest = rest.subarray(whole);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  const { port: own } = way.address() as { port: number };
  return { url: `nats://127.0.0.1:${own}`, close: () => way.close() };
}

describe.each([
  { how: 'being woken for every message', as: 'risk' },
  { how: 'looking a hundred times a second', as: null },
] as const)('reading a stream, $how', ({ as }) => {
  const woken = as !== null;
  let server: NatsServer;
  let writer: AdminLink;
  let reader: Link;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    writer = await natsBus({ servers: server.url, name: 'writer', admin: true }).connect();
    reader = await natsBus({ servers: server.url, name: 'reader' }).connect();
    await writer.admin.create(STREAM, ['l2.>'], 1e9);
  });
  afterEach(async () => {
    await writer.admin.remove(STREAM);
    await writer.close();
    await reader.close();
  });

  const store = async (count: number, size = 10): Promise<number> => {
    for (let i = 1; i < count; i++) writer.publish('l2.x', Buffer.alloc(size));
    return writer.admin.publish(STREAM, 'l2.x', Buffer.alloc(size));
  };
  const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('gives 50,000 messages in order and once to a reader that is slower than the writer', async () => {
    const count = 50_000;
    const slow = (): void => {
      const until = performance.now() + 0.03;
      while (performance.now() < until);
    };
    const got = positionsThroughSilence(reader, as, count, slow);
    for (let i = 0; i < count; i++) {
      writer.publish('l2.x', Buffer.alloc(1_000));
      if (i % 500 === 0) await writer.streamInfo(STREAM);
    }
    expect(await got).toEqual(upTo(1, count));
  });

  it('starts where it is asked to, with bytes, subject, time and what is still to come', async () => {
    await store(4);
    await writer.admin.publish(STREAM, 'l2.BTC.x', Buffer.from('five'));
    await writer.admin.publish(STREAM, 'l2.six', Buffer.alloc(0));
    const seen: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      reader
        .read(
          STREAM,
          5,
          as,
          (message, pending) => {
            seen.push([message.position, message.subject, Buffer.from(message.bytes).toString(), pending, message.storedAt]);
            if (pending === 0) resolve();
          },
          reject,
        )
        .catch(reject);
    });
    const time = async (position: number): Promise<number | undefined> => (await writer.message(STREAM, position))?.storedAt;
    expect(seen).toEqual([
      [5, 'l2.BTC.x', 'five', 1, await time(5)],
      [6, 'l2.six', '', 0, await time(6)],
    ]);
  });

  it('waits for a position that is still to come, and gives nothing below it', async () => {
    await store(3);
    const got = positions(reader, as, 6, 7);
    await reader.streamInfo(STREAM);
    await store(4);
    expect(await got).toEqual([6, 7]);
  });

  it('starts at the first position that is left of a purged stream', async () => {
    await store(10);
    await writer.admin.purge(STREAM, 5);
    expect(await positions(reader, as, 1, 10)).toEqual(upTo(5, 10));
  });

  it('calls nothing before the caller has the reading in hand, and nothing after stop', async () => {
    await store(1_000);
    let calls = 0;
    let called: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      called = resolve;
    });
    const reading = await reader.read(
      STREAM,
      1,
      as,
      () => {
        calls++;
        reading.stop();
        called();
      },
      () => calls++,
    );
    expect(calls).toBe(0);
    await first;
    const other = await positions(reader, as, 1, 1_000);
    expect(other).toHaveLength(1_000);
    expect(calls).toBe(1);
  });

  it('ends with the reason when the stream is deleted', async () => {
    await store(3);
    const why = await new Promise<string>((resolve, reject) => {
      reader.read(STREAM, 1, as, (message) => message.position === 3 && void writer.admin.remove(STREAM), resolve).catch(reject);
    });
    expect(why).toBe(`stream ${STREAM} was deleted while it was read, at position 4`);
  });

  it('ends when the server falls silent', async () => {
    let end: (why: string) => void = () => {};
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    await reader.read(STREAM, 1, as, () => {}, end);
    server.freeze();
    try {
      expect(await ended).toContain(`stream ${STREAM}: no ${woken ? 'heartbeat' : 'answer'} from the server for 1250 ms, at position 1`);
    } finally {
      server.thaw();
    }
  });

  it('does not take its own long pause for silence of the server', async () => {
    await store(1);
    const got = positions(reader, as, 1, 2, () => {
      const until = performance.now() + 3_000;
      while (performance.now() < until);
      writer.publish('l2.x', Buffer.alloc(1));
    });
    expect(await got).toEqual([1, 2]);
  });

  it('does not begin on a stream that is not there', async () => {
    await expect(
      reader.read(
        'SESSION_none',
        1,
        as,
        () => {},
        () => {},
      ),
    ).rejects.toThrow('there is no such stream');
  });

  if (woken)
    it('asks again from the next position when a message is lost on the way', async () => {
      const lost = new Set([300, 700, 701, 1_500]);
      const way = await lossyWay(server.port, (position) => lost.delete(position));
      const lossy = await natsBus({ servers: way.url, name: 'lossy' }).connect();
      await store(1_000);
      const got = positions(lossy, as, 1, 2_000);
      await store(1_000);
      expect(await got).toEqual(upTo(1, 2_000));
      expect(lost.size).toBe(0);
      await lossy.close();
      way.close();
    });

  if (woken)
    it('notices the loss of the last message at the next heartbeat', async () => {
      const lost = new Set([2]);
      const way = await lossyWay(server.port, (position) => lost.delete(position));
      const lossy = await natsBus({ servers: way.url, name: 'lossy' }).connect();
      await store(2);
      expect(await positions(lossy, as, 1, 2)).toEqual([1, 2]);
      expect(lost.size).toBe(0);
      await lossy.close();
      way.close();
    });

  if (woken)
    it('gives up on a way that loses again and again', async () => {
      const way = await lossyWay(server.port, () => true);
      const lossy = await natsBus({ servers: way.url, name: 'lossy' }).connect();
      await store(1);
      const why = await new Promise<string>((resolve, reject) => void lossy.read(STREAM, 1, as, reject, resolve).catch(reject));
      expect(why).toContain('messages were lost on the way 6 times in 30 s, at position 1');
      await lossy.close();
      way.close();
    });

  // Nothing is skipped by a reading that looks for itself; its reader begins anew where it stands.
  if (!woken)
    it.each([
      { what: 'a message in between', lost: 3 },
      { what: 'the last message, once there is another', lost: 5 },
    ])('ends when $what is lost on the way', async ({ lost }) => {
      const way = await lossyWay(server.port, (position) => position === lost);
      const lossy = await natsBus({ servers: way.url, name: 'lossy' }).connect();
      await store(5);
      const got: number[] = [];
      const end = new Promise<string>((resolve, reject) => {
        lossy.read(STREAM, 1, as, ({ position }) => got.push(position) === 4 && void store(1), resolve).catch(reject);
      });
      expect(await end).toContain(`messages were lost on the way, at position ${lost}`);
      expect(got).toEqual(upTo(1, lost - 1));
      await lossy.close();
      way.close();
    });

  it('ends the process for an exception of its caller instead of swallowing it', async () => {
    await store(2);
    const real = globalThis.queueMicrotask;
    const thrown = new Promise<unknown>((resolve) => {
      jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((call) =>
        real(() => {
          try {
            call();
          } catch (error) {
            resolve(error);
          }
        }),
      );
    });
    let calls = 0;
    await reader.read(
      STREAM,
      1,
      as,
      () => {
        calls++;
        throw new Error('an invariant broke');
      },
      () => {},
    );
    expect(await thrown).toEqual(new Error('an invariant broke'));
    jest.restoreAllMocks();
    // The connection's own loop lives on, for the sentence that the process leaves behind.
    expect((await reader.streamInfo(STREAM))?.lastPosition).toBe(2);
    expect(calls).toBe(1);
  });
});

describe('reading the echoes of a service', () => {
  let server: NatsServer;
  let link: AdminLink;
  beforeAll(async () => {
    server = await startNatsServer();
    link = await natsBus({ servers: server.url, name: 'strategy', admin: true }).connect();
  });
  afterAll(async () => {
    await link?.close();
    await server?.stop();
  });

  it('gives what only this service says, apart from the rest, and says when there is nothing more', async () => {
    await link.admin.create(STREAM, ['decision.>', 'l2.>', 'verdict.>'], 1e9);
    const say = (subject: string): Promise<number> => link.admin.publish(STREAM, subject, Buffer.from('{}'));
    for (const subject of ['l2.a', 'decision.a', 'verdict.1', 'decision.b', 'l2.b']) await say(subject);
    const inputs: number[] = [];
    const echoes: number[] = [];
    let marks = 0;
    let reached: (mark: number) => void = () => {};
    const level = (): Promise<number> =>
      new Promise((resolve) => {
        reached = resolve;
      });
    const first = level();
    const rest = await link.read(STREAM, 1, 'strategy', ({ position }) => inputs.push(position), fail);
    const own = await link.readEchoes(
      STREAM,
      1,
      'strategy',
      5,
      { mark: () => ++marks, reached: (mark) => reached(mark) },
      ({ position }) => echoes.push(position),
      fail,
    );
    expect(own.pending).toBe(2);
    // Said only after a question that was answered with nothing, of the question before it.
    expect(await first).toBeGreaterThan(0);
    expect(echoes).toEqual([2, 4]);
    expect(await say('decision.c')).toBe(6);
    const asked = marks;
    let mark = await level();
    // A question that was on its way before may still be answered first.
    while (mark <= asked + 1) mark = await level();
    expect(echoes).toEqual([2, 4, 6]);
    expect(inputs).toEqual([1, 3, 5]);
    own.stop();
    rest.stop();
    await link.admin.remove(STREAM);
  });
});

function fail(why: string): never {
  throw new Error(why);
}
