import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AdminLink } from '../runtime/ports.ts';
import { isRefusal } from '../runtime/refusal.ts';
import { natsBus } from './bus.ts';
import { type NatsServer, startNatsServer } from './testing.ts';

const open: NatsServer[] = [];
async function started(...options: Parameters<typeof startNatsServer>): Promise<NatsServer> {
  const server = await startNatsServer(...options);
  open.push(server);
  return server;
}
const adminOn = (server: NatsServer): Promise<AdminLink> => natsBus({ servers: server.url, name: 'test', admin: true }).connect();
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop();
});

describe('connect', () => {
  it('says that nothing listens', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, 'close');
    await expect(natsBus({ servers: `127.0.0.1:${port}`, name: 'test' }).connect()).rejects.toThrow(
      `no connection to NATS at 127.0.0.1:${port}: connection refused; is nats-server running there?`,
    );
  });

  it('says that JetStream is missing', async () => {
    const server = await started({ config: ({ host, port }) => `host: "${host}"\nport: ${port}\n` });
    await expect(natsBus({ servers: server.url, name: 'test' }).connect()).rejects.toThrow('runs without JetStream');
  });

  it('tells a login that came too late for a busy server, which may be tried again, from one that is refused', async () => {
    const why = async (said: string): Promise<unknown> => {
      const busy = createServer((socket) => {
        socket.write('INFO {"server_id":"test","version":"2.9.10","proto":1,"auth_required":true,"max_payload":1048576}\r\n');
        socket.once('data', () => socket.end(`-ERR '${said}'\r\n`));
        socket.on('error', () => {}); // the client hangs up as soon as it is refused
      }).listen(0, '127.0.0.1');
      await once(busy, 'listening');
      const { port } = busy.address() as { port: number };
      const bus = natsBus({ servers: `127.0.0.1:${port}`, user: 'risk', password: 'x', name: 'test' });
      const error = await bus.connect().then(
        () => null,
        (found: unknown) => found,
      );
      busy.close();
      return error;
    };
    expect(isRefusal(await why('Authorization Violation'))).toBe(true);
    const late = await why('Authentication Timeout');
    expect(isRefusal(late)).toBe(false);
    expect((late as Error).message).toContain('no connection to NATS');
  });
});

describe('a link', () => {
  it('ends once and for all when the server is killed; the next one finds the same stream', async () => {
    const server = await started();
    const link = await adminOn(server);
    const before = await link.admin.create('SESSION_a', ['session.>'], 1e6);
    await link.admin.publish('SESSION_a', 'session.started', Buffer.from('one'));
    let end: (why: string) => void = () => {};
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    await link.read('SESSION_a', 1, null, () => {}, end);
    await server.kill9();
    expect(await link.closed).toContain(`connection to NATS at ${server.url} lost`);
    expect(await ended).toBe(await link.closed);
    expect(() => link.publish('session.stopped', Buffer.from('into the void'))).not.toThrow();
    await expect(link.streamInfo('SESSION_a')).rejects.toThrow('STREAM.INFO.SESSION_a');
    await link.close();

    await server.restart();
    const next = await adminOn(server);
    const after = await next.streamInfo('SESSION_a');
    expect(after).toEqual({ ...before, firstPosition: 1, lastPosition: 1, bytes: after?.bytes });
    expect(before.created).toMatch(/^\d{4}-.*\.\d+Z$/);
    await next.close();
  });

  it('sends what was published just before it is closed', async () => {
    const server = await started();
    const link = await adminOn(server);
    await link.admin.create('SESSION_a', ['session.>'], 1e8);
    for (let i = 0; i < 1_000; i++) link.publish('session.x', Buffer.alloc(1_000));
    await link.close();
    expect(await link.closed).toContain('closed by this process');
    const next = await adminOn(server);
    expect((await next.streamInfo('SESSION_a'))?.lastPosition).toBe(1_000);
    await next.close();
  });

  it('gives a message as it was stored, and null for what is not there', async () => {
    const server = await started();
    const link = await adminOn(server);
    await link.admin.create('SESSION_a', ['session.>'], 1e6);
    const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);
    await link.admin.publish('SESSION_a', 'session.started', bytes);
    await link.admin.publish('SESSION_a', 'session.empty', Buffer.alloc(0));
    const read = await new Promise<number>(
      (resolve, reject) => void link.read('SESSION_a', 1, null, (m) => resolve(m.storedAt), reject).catch(reject),
    );
    const message = await link.message('SESSION_a', 1);
    expect(message).toMatchObject({ position: 1, subject: 'session.started', storedAt: read });
    expect(Buffer.from(message?.bytes ?? []).equals(bytes)).toBe(true);
    expect((await link.message('SESSION_a', 2))?.bytes).toHaveLength(0);
    expect(await link.message('SESSION_a', 3)).toBeNull();
    expect(await link.message('SESSION_none', 1)).toBeNull();
    expect(await link.streamInfo('SESSION_none')).toBeNull();
    await expect(link.streamInfo('SESSION.>')).rejects.toThrow('expected a stream name');
    await link.close();
  });
});
