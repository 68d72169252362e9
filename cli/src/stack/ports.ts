import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { readJson, replaceFile } from './file.ts';
import type { Home } from './home.ts';

export const HOST = '127.0.0.1';

/** Below the range from which systems take the ports of outgoing connections: nobody gets one of these by chance. */
const FIRST = 15_000;
const COUNT = 15_000;

export function isFree(port: number, host = HOST): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * Keeps a port for this process, among all stacks of the machine: between looking whether it is free and the server's own listening another
 * stack may look as well. What is held is the port of the same number for datagrams, which nothing here uses: one process has it at a time, and
 * it is given back however that process ends. Null where another has it.
 */
function claim(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(null);
    });
    socket.bind({ port, address: HOST, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // Nothing is ever sent: what may still go wrong with it changes nothing for who holds it.
      socket.on('error', () => {});
      socket.unref();
      resolve(socket);
    });
  });
}

export interface Ports {
  /** The port of that name: the preferred one, or the one it had the last time, or any other that is free. */
  take(name: string, preferred?: number): Promise<number>;
  readonly taken: Readonly<Record<string, number>>;
  /** Takes back what was taken since, for programs that came to nothing. */
  putBack(before: Readonly<Record<string, number>>): void;
  /** Other stacks may have all but those that are taken now. */
  releaseOthers(): void;
  /** Other stacks may have them all. */
  release(): void;
}

/** Every data folder begins at another place, so that two of them seldom ask for the same port at once. */
export function openPorts(home: Home): Ports {
  const last = (readJson(home.ports) ?? {}) as Record<string, unknown>;
  const taken: Record<string, number> = {};
  const claims = new Map<number, Socket>();
  async function isOurs(port: number): Promise<boolean> {
    if (claims.has(port)) return isFree(port);
    const held = await claim(port);
    if (held === null) return false;
    if (await isFree(port)) {
      claims.set(port, held);
      return true;
    }
    held.close();
    return false;
  }
  function giveUp(port: number): void {
    claims.get(port)?.close();
    claims.delete(port);
  }
  function releaseOthers(): void {
    const kept = new Set(Object.values(taken));
    for (const port of [...claims.keys()]) if (!kept.has(port)) giveUp(port);
  }
  let next = createHash('sha256').update(home.folder).digest().readUInt32BE(0) % COUNT;
  async function choose(name: string, preferred: number | undefined): Promise<number> {
    const used = new Set(Object.values(taken));
    const before = last[name];
    for (const port of [preferred, before]) if (typeof port === 'number' && !used.has(port) && (await isOurs(port))) return port;
    const reserved = new Set([...used, ...Object.values(last)]);
    for (let tries = 0; tries < COUNT; tries++) {
      const port = FIRST + (next++ % COUNT);
      if (!reserved.has(port) && (await isOurs(port))) return port;
    }
    throw new Error(`no free port for ${name} on ${HOST}: all from ${FIRST} to ${FIRST + COUNT - 1} are taken`);
  }
  return {
    taken,
    putBack(before) {
      for (const name of Object.keys(taken)) delete taken[name];
      Object.assign(taken, before);
      releaseOthers();
      replaceFile(home.ports, `${JSON.stringify({ ...last, ...taken })}\n`);
    },
    releaseOthers,
    release() {
      for (const port of [...claims.keys()]) giveUp(port);
    },
    async take(name, preferred) {
      const port = await choose(name, preferred);
      taken[name] = port;
      replaceFile(home.ports, `${JSON.stringify({ ...last, ...taken })}\n`);
      return port;
    },
  };
}
