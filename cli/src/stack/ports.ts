import { createHash } from 'node:crypto';
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

export interface Ports {
  /** The port of that name: the preferred one, or the one it had the last time, or any other that is free. */
  take(name: string, preferred?: number): Promise<number>;
  readonly taken: Readonly<Record<string, number>>;
  /** Takes back what was taken since, for programs that came to nothing. */
  putBack(before: Readonly<Record<string, number>>): void;
}

/** Every data folder begins at another place, so that two of them seldom ask for the same port at once. */
export function openPorts(home: Home): Ports {
  const last = (readJson(home.ports) ?? {}) as Record<string, unknown>;
  const taken: Record<string, number> = {};
  let next = createHash('sha256').update(home.folder).digest().readUInt32BE(0) % COUNT;
  async function choose(name: string, preferred: number | undefined): Promise<number> {
    const used = new Set(Object.values(taken));
    const before = last[name];
    for (const port of [preferred, before]) if (typeof port === 'number' && !used.has(port) && (await isFree(port))) return port;
    const reserved = new Set([...used, ...Object.values(last)]);
    for (let tries = 0; tries < COUNT; tries++) {
      const port = FIRST + (next++ % COUNT);
      if (!reserved.has(port) && (await isFree(port))) return port;
    }
    throw new Error(`no free port for ${name} on ${HOST}: all from ${FIRST} to ${FIRST + COUNT - 1} are taken`);
  }
  return {
    taken,
    putBack(before) {
      for (const name of Object.keys(taken)) delete taken[name];
      Object.assign(taken, before);
      replaceFile(home.ports, `${JSON.stringify({ ...last, ...taken })}\n`);
    },
    async take(name, preferred) {
      const port = await choose(name, preferred);
      taken[name] = port;
      replaceFile(home.ports, `${JSON.stringify({ ...last, ...taken })}\n`);
      return port;
    },
  };
}
