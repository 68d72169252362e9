import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { natsConfig } from '@arb/shared/nats';
import { replaceFile } from '../file.ts';
import { HOST } from '../ports.ts';
import type { Program } from '../program.ts';
import { converse } from './converse.ts';
import type { ServerPlace } from './place.ts';

/** The port that `nats sub` uses when it is told nothing. */
export const NATS_PORT = 4222;

export async function natsProgram(place: ServerPlace, maxStore: number): Promise<Program> {
  const folder = join(place.home.folder, 'nats');
  const port = await place.ports.take('nats', NATS_PORT);
  const login = { user: 'cli', pass: place.secrets.nats.cli, verbose: false, pedantic: false };
  const hello = `CONNECT ${JSON.stringify(login)}\r\nPING\r\n`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'nats.conf');
  replaceFile(file, natsConfig({ port, host: HOST, storeDir: join(folder, 'store'), passwords: place.secrets.nats, maxStore }));
  return {
    name: 'nats',
    kind: 'server',
    command: place.found.natsServer as string,
    args: ['-c', file],
    env: process.env,
    cwd: folder,
    url: `nats://${HOST}:${port}`,
    // With a name and a password of this folder: another server of the kind on this port is not the one that was started.
    isReady: async () => (await converse(port, hello, (said) => /^(PONG|-ERR .*)\r\n/m.test(said)))?.endsWith('PONG\r\n') ?? false,
  };
}
