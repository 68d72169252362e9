import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../file.ts';
import { HOST } from '../ports.ts';
import type { Program } from '../program.ts';
import type { Secrets } from '../secrets.ts';
import { converse } from './converse.ts';
import type { ServerPlace } from './place.ts';

const MAX_MEMORY = '128mb';

export async function redisProgram(place: ServerPlace): Promise<Program> {
  const folder = join(place.home.folder, 'redis');
  const port = await place.ports.take('redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'redis.conf');
  replaceFile(file, redisConfig(port, folder, place.secrets.redis));
  return {
    name: 'redis',
    kind: 'server',
    command: place.found.redisServer as string,
    args: [file],
    env: process.env,
    cwd: folder,
    url: `redis://${HOST}:${port}`,
    isReady: async () =>
      (await converse(port, `AUTH ${place.secrets.redis}\r\nPING\r\n`, (said) => said.split('\r\n').length > 2)) === '+OK\r\n+PONG\r\n',
  };
}

export function redisUrl(port: number, secrets: Secrets): string {
  return `redis://:${secrets.redis}@${HOST}:${port}`;
}

/** The append-only file alone holds the data. The live view has times to live and may go when memory is short; the alert queue has none and stays. */
function redisConfig(port: number, folder: string, password: string): string {
  return [
    `bind ${HOST}`,
    `port ${port}`,
    'protected-mode yes',
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    'daemonize no',
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'aof-load-truncated yes',
    `maxmemory ${MAX_MEMORY}`,
    'maxmemory-policy volatile-ttl',
    'maxclients 256',
    '',
  ].join('\n');
}
