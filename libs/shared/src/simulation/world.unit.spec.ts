import { describe, expect, it } from '@jest/globals';
import type { Link } from '../runtime/ports.ts';
import { BusServer, Database, type Process, SimulationFailure, World } from './index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** A world in which most things happen: used to compare two runs. */
async function busyWorld(seed: string): Promise<World> {
  const world = new World(seed);
  const server = new BusServer(world);
  const db = new Database(world);
  server.create('SESSION_a', ['t.>'], 1_000_000);
  server.faults.double = 0.1;
  server.faults.ghost = 0.05;
  server.faults.drop = 0.05;
  for (const name of ['writer', 'reader']) {
    world.supervise(name, async (process) => {
      let link: Link | null = null;
      try {
        link = await server.bus(process).connect();
        await link.read(
          'SESSION_a',
          1,
          null,
          () => process.probe('read'),
          () => process.exit('reading ended'),
        );
      } catch (error) {
        process.exit((error as Error).message);
        return;
      }
      const store = db.store(process);
      await store.lock();
      let n = 0;
      const tick = () => {
        process.probe('tick');
        link?.publish(`t.${name}`, bytes(`${name} ${++n}`));
        process.time.after(5, tick);
      };
      tick();
      world.trace(name, 'ended', await link.closed);
      process.exit('link closed');
    });
  }
  world.killChanceAtPoints = 0.002;
  world.killAt('writer', 'tick', 30);
  world.after(300, () => server.restart(100));
  world.after(600, () => {
    for (const link of server.linksOf('reader')) link.cut();
  });
  world.after(800, () => server.stall('SESSION_a', 50));
  await world.run(3000);
  return world;
}

describe('a simulated world', () => {
  it('has one history for one seed, and another one for another', async () => {
    const first = await busyWorld('one');
    const again = await busyWorld('one');
    const other = await busyWorld('two');
    expect(first.events).toBeGreaterThan(500);
    expect([again.traceHash, again.events]).toEqual([first.traceHash, first.events]);
    expect(other.traceHash).not.toBe(first.traceHash);
  });

  it('lets every promise run out before the next event', async () => {
    const world = new World(1);
    const seen: string[] = [];
    world.at(10, () => {
      void (async () => {
        for (let i = 0; i < 50; i++) await null;
        seen.push('first, to its end');
      })();
    });
    world.at(10, () => seen.push('second'));
    await world.run(1);
    expect(seen).toEqual(['first, to its end', 'second']);
  });

  it('ends with seed, trace and the way to run it again when an exception is not caught', async () => {
    const world = new World('bad', { rerun: (seed) => `run ${seed}` });
    const process = world.process('risk');
    process.time.after(3, () => {
      throw new Error('invariant broke');
    });
    const failure = await world.run(10).then(
      () => null,
      (error: Error) => error,
    );
    expect(failure).toBeInstanceOf(SimulationFailure);
    for (const part of ['invariant broke', 'not caught in risk', 'seed bad', 'again: run bad', 'risk  boots 1'])
      expect(failure?.message).toContain(part);
  });
});

describe('a simulated process', () => {
  const timers = (process: Process, seen: string[]) => {
    process.time.after(30, () => seen.push('30'));
    process.time.after(10, () => seen.push('10'));
    process.time.after(20, () => seen.push('20'))();
  };

  it('fires its timers in the order of their times, and not those that were cancelled', async () => {
    const world = new World(1);
    const seen: string[] = [];
    timers(world.process('risk'), seen);
    await world.run(100);
    expect(seen).toEqual(['10', '30']);
  });

  it('does nothing while it sleeps and all of it afterwards, in order, by clocks that have gone on', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = new World(seed);
      const process = world.process('risk');
      const seen: string[] = [];
      timers(process, seen);
      const before = process.time.monotonicMs();
      let slept = 0;
      process.time.after(15, () => {
        slept = process.time.monotonicMs() - before;
        seen.push('15');
      });
      process.time.after(60_000, () => seen.push('60000'));
      // Due at the very moment of waking: still behind what is late.
      world.after(1, () => process.sleep(59_000));
      world.at(59_001_000, () => process.input(0, () => seen.push('new')));
      await world.run(59_000);
      expect(seen).toEqual([]);
      await world.run(61_000);
      expect(seen.filter((one) => one !== 'new')).toEqual(['10', '15', '30', '60000']);
      expect(seen.indexOf('new')).toBeGreaterThan(seen.indexOf('30'));
      expect(slept).toBeGreaterThanOrEqual(59_000);
    }
  });

  it('does nothing more once it is killed: no timer, no answer, no message', async () => {
    const world = new World(1);
    const server = new BusServer(world);
    server.create('S', ['t'], 1000);
    const process = world.process('risk');
    let after = 0;
    const connecting = server
      .bus(process)
      .connect()
      .then((link) => {
        void link
          .read(
            'S',
            1,
            null,
            () => after++,
            () => after++,
          )
          .then(() => after++);
        void link.streamInfo('S').then(
          () => after++,
          () => after++,
        );
        void link.closed.then(() => after++);
        process.time.after(1, () => after++);
        process.kill();
        link.publish('t', bytes('from the grave'));
      });
    await world.run(10);
    await connecting;
    await world.run(20_000);
    expect(after).toBe(0);
    expect(server.streams.get('S')?.lastPosition).toBe(0);
  });

  it('dies at the named point, the nth time it passes it, and what it catches on the way out has no effect', async () => {
    const world = new World(1);
    const server = new BusServer(world);
    server.create('S', ['t'], 1000);
    const ends: string[] = [];
    const supervised = world.supervise('journal', async (process) => {
      process.onDeath((why) => ends.push(why));
      const link = await server.bus(process).connect();
      try {
        for (let i = 0; i < 3; i++) process.probe('before publish');
      } catch {
        link.publish('t', bytes('swallowed the kill'));
      }
      process.probe('after publish');
    });
    world.killAt('journal', 'before publish', 5);
    await world.run(60_000);
    // Passed three times by a boot that goes on living.
    expect(ends).toEqual([]);
    supervised.process?.kill('by hand');
    await world.run(120_000);
    expect(ends).toEqual(['by hand', 'killed at before publish']);
    expect(server.streams.get('S')?.lastPosition).toBe(0);
    expect(world.points.get('journal after publish')).toBe(2);
  });

  it('has a wall clock of its own', () => {
    const world = new World(1);
    const process = world.process('risk');
    process.clockSkewMicros = -5_000_000;
    expect(process.time.wallMicros()).toBe(world.trueMicros() - 5_000_000);
  });

  it('is not reported as broken when a kill comes out of what it awaits', async () => {
    const world = new World(1);
    const deaths: string[] = [];
    world.killAt('risk', 'here');
    world.supervise('risk', async (process) => {
      process.onDeath((why) => deaths.push(why));
      await null;
      process.probe('here');
    });
    await world.run(10_000);
    expect(deaths).toEqual(['killed at here']);
    expect(world.points.get('risk here')).toBe(2);
  });

  it('fails the run when its start ends with an error that is no kill', async () => {
    const world = new World(1);
    world.supervise('risk', async () => {
      await null;
      throw new Error('no such session');
    });
    await expect(world.run(10)).rejects.toThrow('no such session');
  });
});
