import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { homeOf } from './home.ts';
import { HOST, openPorts, type Ports } from './ports.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Of a data folder of its own, as another stack on this machine has them. */
function portsOfAnother(): Ports {
  const folder = mkdtempSync(join(tmpdir(), 'ports-'));
  const ports = openPorts(homeOf({ ARB_HOME: folder }));
  ends.push(() => {
    ports.release();
    rmSync(folder, { recursive: true });
  });
  return ports;
}

async function freePort(): Promise<number> {
  const server = await listening(0);
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

function listening(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  });
}

describe('the ports of a stack', () => {
  it('are never those of another that is being started at the same time', async () => {
    const wished = await freePort();
    const all = Array.from({ length: 8 }, portsOfAnother);
    const taken = await Promise.all(all.map((ports) => ports.take('nats', wished)));
    expect(new Set(taken).size).toBe(all.length);
    expect(taken).toContain(wished);
  });

  it('are free for others once they are given back', async () => {
    const wished = await freePort();
    const [one, other] = [portsOfAnother(), portsOfAnother()];
    expect(await one.take('nats', wished)).toBe(wished);
    expect(await other.take('nats', wished)).not.toBe(wished);
    one.putBack({});
    expect(await other.take('nats', wished)).toBe(wished);
  });

  it('can be listened on by the server that they are for', async () => {
    const port = await portsOfAnother().take('nats');
    const server = await listening(port);
    expect(server.listening).toBe(true);
    await new Promise((closed) => server.close(closed));
  });

  it('are not those on which something listens', async () => {
    const server = await listening(0);
    const { port } = server.address() as { port: number };
    expect(await portsOfAnother().take('nats', port)).not.toBe(port);
    await new Promise((closed) => server.close(closed));
  });
});
