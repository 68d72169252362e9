import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
/**
 * Above the ports of stacks and below those that systems give to whoever connects: one of the latter may be somebody's
 * by the time a server listens on it, and again between its end and its next start.
 */
const FIRST = 30_000;
const END = 32_768;
const MOST_TRIES = 200;

/** A port for one private server of a test, which it keeps when it is started again. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port on ${HOST}: ${MOST_TRIES} from ${FIRST} to ${END - 1} are taken; end the servers that are left there`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen({ port, host: HOST, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
