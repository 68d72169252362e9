import { describe, expect, it } from '@jest/globals';
import type { AdminLink, StreamMessage } from '../../runtime/ports.ts';
import { BusServer, type Process, type SimLink, World } from '../index.ts';
import { matches, overlap } from './subjects.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

async function connected(world: World, server: BusServer, name: string): Promise<{ process: Process; link: AdminLink & SimLink }> {
  const process = world.process(name);
  let link: AdminLink | null = null;
  void server
    .adminBus(process)
    .connect()
    .then((made) => {
      link = made;
    });
  await world.until(() => link !== null, 1000);
  return { process, link: link as unknown as AdminLink & SimLink };
}

async function place(seed: string | number, maxBytes = 1_000_000) {
  const world = new World(seed);
  const server = new BusServer(world);
  server.create('S', ['t.>'], maxBytes);
  const writer = await connected(world, server, 'writer');
  const reader = await connected(world, server, 'reader');
  const read: { position: number; text: string }[] = [];
  const ends: string[] = [];
  const follow = (from = 1) =>
    reader.link.read(
      'S',
      from,
      null,
      (m) => read.push({ position: m.position, text: text(m.bytes) }),
      (why) => ends.push(why),
    );
  const stored = () => (server.streams.get('S')?.all() ?? []).map((message) => text(message.bytes));
  return { world, server, writer, reader, read, ends, follow, stored };
}

const numbered = (count: number, from = 1) => Array.from({ length: count }, (_, i) => String(from + i));

describe('a simulated bus', () => {
  it('stores what a link publishes in order and hands it to readers in order', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, writer, read, follow } = await place(seed);
      void follow();
      const all = numbered(200);
      all.forEach((one, i) => {
        writer.process.time.after(i / 4, () => writer.link.publish('t.x', bytes(one)));
      });
      await world.runFor(5000);
      expect(read).toEqual(all.map((one, i) => ({ position: i + 1, text: one })));
    }
  });

  it('gives different interleavings of two links for different seeds', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      const { world, writer, reader, stored } = await place(seed);
      for (const one of numbered(5)) {
        writer.process.time.after(Number(one), () => writer.link.publish('t.x', bytes(`w${one}`)));
        reader.process.time.after(Number(one), () => reader.link.publish('t.x', bytes(`r${one}`)));
      }
      await world.runFor(1000);
      orders.add(stored().join());
    }
    expect(orders.size).toBeGreaterThan(3);
  });

  it('overwrites the bytes it has handed over, so that a view kept without copying is caught', async () => {
    const { world, writer, reader } = await place(1);
    const views: Uint8Array[] = [];
    const copies: string[] = [];
    void reader.link.read(
      'S',
      1,
      null,
      (message: StreamMessage) => {
        views.push(message.bytes);
        copies.push(text(message.bytes));
      },
      () => {},
    );
    writer.link.publish('t.x', bytes('{"n":1}'));
    await world.runFor(1000);
    expect(copies).toEqual(['{"n":1}']);
    expect([...(views[0] as Uint8Array)]).toEqual(new Array(7).fill(0xdb));
  });

  it('loses only the tail of what a killed process has sent', async () => {
    const counts = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { world, writer, stored } = await place(seed);
      for (const one of numbered(10)) writer.link.publish('t.x', bytes(one));
      writer.process.kill();
      await world.runFor(60_000);
      expect(stored()).toEqual(numbered(stored().length));
      counts.add(stored().length);
    }
    expect(counts.size).toBeGreaterThan(4);
  });

  it('brings ghosts: messages of a cut link that arrive after those of the next one', async () => {
    let ghosts = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { world, server, writer, stored } = await place(seed);
      for (const one of numbered(10)) writer.link.publish('t.x', bytes(one));
      writer.link.cut({ ghostMs: 10_000, learntAfterMs: 1 });
      let why = '';
      void writer.link.closed.then((reason) => {
        why = reason;
      });
      await world.until(() => why !== '', 100);
      writer.link.publish('t.x', bytes('on a closed link'));
      const next = await new Promise<SimLink>((resolve) => {
        void server
          .bus(writer.process)
          .connect()
          .then((link) => resolve(link as SimLink));
        void world.runFor(50);
      });
      next.publish('t.x', bytes('new'));
      await world.runFor(20_000);
      const after = stored().slice(stored().indexOf('new') + 1);
      ghosts += after.length;
      expect(stored().filter((one) => one !== 'new')).toEqual(numbered(stored().length - 1));
    }
    expect(ghosts).toBeGreaterThan(0);
  });

  it('drops, doubles and repeats single messages when told to', async () => {
    const with_ = async (fault: 'drop' | 'double' | 'ghost' | 'onlyGhost') => {
      const { world, server, writer, stored } = await place(7);
      server.faults[fault] = 1;
      writer.link.publish('t.x', bytes('a'));
      await world.runFor(40);
      const soon = stored().length;
      await world.runFor(60_000);
      return [soon, stored().length];
    };
    expect(await with_('drop')).toEqual([0, 0]);
    expect(await with_('double')).toEqual([2, 2]);
    expect(await with_('ghost')).toEqual([1, 2]);
    expect(await with_('onlyGhost')).toEqual([0, 1]);
  });

  it('carries nothing over a half-open link, and says so late', async () => {
    const { world, writer, reader, read, ends, follow, stored } = await place(3);
    void follow();
    await world.runFor(100);
    reader.link.halfOpen({ direction: 'in', learntAfterMs: 30_000 });
    writer.link.publish('t.x', bytes('unheard'));
    reader.link.publish('t.x', bytes('still goes out'));
    let closed = '';
    let asked = '';
    void reader.link.closed.then((why) => {
      closed = why;
    });
    void reader.link.streamInfo('S').catch((error: Error) => {
      asked = error.message;
    });
    await world.runFor(20_000);
    expect({ read, ends, closed }).toEqual({ read: [], ends: ['no heartbeat'], closed: '' });
    expect(stored().sort()).toEqual(['still goes out', 'unheard']);
    expect(asked).toContain('no answer from the bus');
    await world.runFor(20_000);
    expect(closed).toBe('stale connection');
  });

  it('keeps deliveries waiting while the reader sleeps', async () => {
    const { world, writer, reader, read, follow } = await place(5);
    void follow();
    await world.runFor(10);
    reader.process.sleep(10_000);
    for (const one of numbered(20)) writer.link.publish('t.x', bytes(one));
    await world.runFor(9000);
    expect(read).toEqual([]);
    await world.runFor(5000);
    expect(read.map((one) => one.text)).toEqual(numbered(20));
  });

  it('ends readings once when their stream is deleted', async () => {
    const { world, writer, ends, follow } = await place(5);
    void follow();
    await world.runFor(100);
    void writer.link.admin.remove('S');
    await world.runFor(10_000);
    expect(ends).toEqual(['stream S was deleted']);
  });

  it('keeps streams over a restart, and none of them when it is lost', async () => {
    const { world, server, writer, reader, follow, ends } = await place(5);
    void follow();
    writer.link.publish('t.x', bytes('a'));
    await world.runFor(100);
    server.restart(500);
    let refused = '';
    void server
      .bus(reader.process)
      .connect()
      .catch((error: Error) => {
        refused = error.message;
      });
    await world.runFor(10_000);
    expect(refused).toContain('connection refused');
    expect(ends.length).toBe(1);
    const { link } = await connected(world, server, 'reader');
    let last: number | undefined;
    void link.streamInfo('S').then((info) => {
      last = info?.lastPosition;
    });
    await world.runFor(100);
    expect(last).toBe(1);
    server.lose(10);
    await world.runFor(5000);
    const after = await connected(world, server, 'reader');
    let info: unknown = 'not answered';
    void after.link.streamInfo('S').then((found) => {
      info = found;
    });
    await world.runFor(100);
    expect(info).toBeNull();
  });

  it('gives positions anew after a power cut, under the same creation stamp', async () => {
    const { world, server, writer, stored } = await place(5);
    for (const one of numbered(10)) writer.link.publish('t.x', bytes(one));
    await world.runFor(100);
    const created = server.streams.get('S')?.created;
    expect(server.powerCut('S', 3, 10)).toBe(3);
    await world.runFor(3000);
    const { link } = await connected(world, server, 'writer');
    link.publish('t.x', bytes('other'));
    await world.runFor(100);
    expect(stored()).toEqual([...numbered(7), 'other']);
    expect(server.streams.get('S')?.created).toBe(created);
    server.replace('S', [{ subject: 't.x', bytes: bytes('foreign') }], 10);
    expect(stored()).toEqual(['foreign']);
    expect(server.streams.get('S')?.created).not.toBe(created);
  });

  it('refuses what does not fit, purges from the front and tells both', async () => {
    const { world, server, writer } = await place(5, 100);
    const results: string[] = [];
    for (const one of ['first', 'second', 'third'])
      void writer.link.admin.publish('S', 't.x', bytes(one)).then(
        (position) => results.push(`${one} ${position}`),
        (error: Error) => results.push(error.message),
      );
    await world.runFor(100);
    expect(results.sort()).toEqual(['first 1', expect.stringContaining('stream S is full'), 'second 2']);
    void writer.link.admin.purge('S', 2);
    await world.runFor(100);
    expect(server.streams.get('S')?.info()).toMatchObject({ firstPosition: 2, lastPosition: 2 });
    void writer.link.admin.create('OTHER', ['t.x'], 100).catch((error: Error) => results.push(error.message));
    await world.runFor(100);
    expect(results.at(-1)).toContain('overlap');
  });

  it('stores nothing while its disk stalls, and everything in order afterwards', async () => {
    const { world, server, writer, stored } = await place(5);
    server.stall('S', 2000);
    for (const one of numbered(10)) writer.link.publish('t.x', bytes(one));
    let last: number | undefined;
    await world.runFor(100);
    void writer.link.streamInfo('S').then((info) => {
      last = info?.lastPosition;
    });
    await world.runFor(100);
    expect([last, stored()]).toEqual([0, []]);
    await world.runFor(2000);
    expect(stored()).toEqual(numbered(10));
  });
});

describe('subjects', () => {
  it('match filters by words', () => {
    expect(['t.>', 't.*', 't.x', '>', 't', '*.y'].map((filter) => matches(filter, 't.x'))).toEqual([true, true, true, true, false, false]);
    expect(matches('t.>', 't')).toBe(false);
  });
  it('overlap when one subject could fall under both', () => {
    expect([overlap('t.>', 't.x'), overlap('*.x', 't.*'), overlap('t', 't.>'), overlap('a.x', '*.y')]).toEqual([true, true, false, false]);
  });
});
