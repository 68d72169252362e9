import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { STREAM_SUBJECTS } from '../contracts/index.ts';
import type { AdminLink } from '../runtime/ports.ts';
import { natsBus } from './bus.ts';
import { type NatsServer, startNatsServer } from './testing.ts';

const bytes = Buffer.from('{}');

describe('stream administration', () => {
  let server: NatsServer;
  let link: AdminLink;
  beforeAll(async () => {
    server = await startNatsServer();
    link = await natsBus({ servers: server.url, name: 'test', admin: true }).connect();
  });
  beforeEach(async () => {
    for (const stream of await link.admin.list()) await link.admin.remove(stream);
  });
  afterAll(async () => {
    await link?.close();
    await server?.stop();
  });

  it('creates a stream, and says the same when it is created again', async () => {
    const first = await link.admin.create('SESSION_a', ['session.>'], 1e6);
    expect(first).toMatchObject({ lastPosition: 0, bytes: 0, maxBytes: 1e6, subjects: ['session.>'] });
    expect(await link.admin.create('SESSION_a', ['session.>'], 1e6)).toEqual(first);
    await expect(link.admin.create('SESSION_a', ['session.>'], 2e6)).rejects.toThrow(
      'stream SESSION_a should be created with subjects session.> and 2000000 bytes, but it exists already and has subjects session.> and 1000000 bytes',
    );
    expect(await link.admin.list()).toEqual(['SESSION_a']);
  });

  it('takes all subjects but the session’s away for the cut, renames them, and a new stream takes them over', async () => {
    await link.admin.create('SESSION_a', ['session.>'], 1e6);
    await expect(link.admin.publish('SESSION_a', 'l2.BTC', bytes)).rejects.toThrow('nobody listens on ev._.A.s.r._._.d.l2.BTC');
    expect(await link.admin.publish('SESSION_a', 'session.started', bytes)).toBe(1);
    await link.admin.setSubjects('SESSION_a', STREAM_SUBJECTS);
    expect(await link.admin.publish('SESSION_a', 'l2.BTC', bytes)).toBe(2);

    await link.admin.setSubjects('SESSION_a', ['session.>']);
    await link.admin.setSubjects('SESSION_a', ['session.>']);
    link.publish('l2.BTC', bytes);
    expect(await link.admin.publish('SESSION_a', 'session.stopped', bytes)).toBe(3);
    await expect(link.admin.create('SESSION_b', ['session.>'], 1e6)).rejects.toThrow('overlap');

    await link.admin.setSubjects('SESSION_a', ['closed.a']);
    await link.admin.create('SESSION_b', ['session.>'], 1e6);
    expect(await link.admin.publish('SESSION_b', 'session.started', bytes)).toBe(1);
    await expect(link.admin.publish('SESSION_a', 'session.x', bytes)).rejects.toThrow('found one of stream SESSION_b at 2');
    expect(await link.streamInfo('SESSION_a')).toMatchObject({ lastPosition: 3, subjects: ['closed.a'] });
    await expect(link.admin.setSubjects('SESSION_none', ['x'])).rejects.toThrow('there is no such stream');
  });

  it('refuses what a full stream cannot hold, keeps the old, and goes on after a purge', async () => {
    await link.admin.create('SESSION_a', ['session.>'], 10_000);
    const kB = Buffer.alloc(1_000);
    let stored = 0;
    const fill = async (): Promise<void> => {
      for (;;) stored = await link.admin.publish('SESSION_a', 'session.x', kB);
    };
    await expect(fill()).rejects.toThrow('JetStream refuses: maximum bytes exceeded');
    expect(await link.streamInfo('SESSION_a')).toMatchObject({ firstPosition: 1, lastPosition: stored });
    await link.admin.purge('SESSION_a', 4);
    await link.admin.purge('SESSION_a', 4);
    expect((await link.streamInfo('SESSION_a'))?.firstPosition).toBe(4);
    expect(await link.admin.publish('SESSION_a', 'session.x', kB)).toBe(stored + 1);
  });

  it('purges nothing below the first position', async () => {
    await link.admin.create('SESSION_a', ['session.>'], 1e6);
    await link.admin.publish('SESSION_a', 'session.x', bytes);
    await link.admin.purge('SESSION_a', 0);
    await link.admin.purge('SESSION_a', 1);
    expect(await link.streamInfo('SESSION_a')).toMatchObject({ firstPosition: 1, lastPosition: 1 });
  });

  it('stores an event over the size that readers take, so that it can be put into quarantine', async () => {
    await link.admin.create('SESSION_a', ['session.>'], 1e7);
    expect(await link.admin.publish('SESSION_a', 'session.x', Buffer.alloc(1_000_000))).toBe(1);
    expect((await link.message('SESSION_a', 1))?.bytes).toHaveLength(1_000_000);
  });

  it('removes a stream once or twice', async () => {
    await link.admin.create('SESSION_a', ['session.>'], 1e6);
    await link.admin.remove('SESSION_a');
    await link.admin.remove('SESSION_a');
    expect(await link.streamInfo('SESSION_a')).toBeNull();
    expect(await link.admin.list()).toEqual([]);
  });
});
