import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../free-port.ts';
import { ask } from './api.ts';

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Ends it in order and removes its folder. */
  stop(): Promise<void>;
  /** As a power cut to the process: no goodbye, the folder stays. */
  kill9(): Promise<void>;
  /** It stays where it stands, connections open, and answers nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same port and folder, after `kill9` or in place of what still runs. */
  restart(): Promise<void>;
}

export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  readonly storeDir: string;
}

const HOST = '127.0.0.1';
const READY_MS = 60_000;
const TOGETHER_MS = 90_000;

/** A private nats-server on a free port with its store in a folder of its own; without `config` it has JetStream and no users. */
export async function startNatsServer(options: { readonly config?: (place: ServerPlace) => string } = {}): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nats-'));
  const place: ServerPlace = { host: HOST, port: await freePort(), storeDir: join(folder, 'store') };
  const file = join(folder, 'nats.conf');
  await writeFile(file, (options.config ?? plainConfig)(place), { mode: 0o600 });
  let server = await launch(file);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    server.kill('SIGCONT');
    await exited;
  };
  return {
    url: `nats://${HOST}:${place.port}`,
    port: place.port,
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
    kill9: () => end('SIGKILL'),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async restart() {
      await end('SIGTERM');
      server = await launch(file);
    },
  };
}

/** Private nats-servers that keep streams together; a stream may have as many copies as there are servers. */
export async function startNatsCluster(size: number): Promise<readonly NatsServer[]> {
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const routes = ports.map((port) => `nats://${HOST}:${port}`).join(', ');
  const started = ports.map((port, i) =>
    startNatsServer({
      config: (place) =>
        `server_name: n${i}\n${plainConfig(place)}cluster { name: c, host: "${HOST}", port: ${port}, routes: [${routes}], no_advertise: true }\n`,
    }),
  );
  const settled = await Promise.allSettled(started);
  const servers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await togetherAt((servers[0] as NatsServer).url, size);
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

/** They have found each other and chosen who leads once a stream with a copy on each of them is taken. */
async function togetherAt(url: string, size: number): Promise<void> {
  const end = performance.now() + TOGETHER_MS;
  const nc = await connect({ servers: url });
  try {
    for (;;) {
      try {
        await ask(
          nc,
          'STREAM.CREATE.together',
          { name: 'together', subjects: ['together'], storage: 'memory', num_replicas: size },
          TOGETHER_MS / 6,
        );
        await ask(nc, 'STREAM.DELETE.together');
        return;
      } catch (cause) {
        if (performance.now() > end) throw new Error(`${size} NATS servers are no cluster after ${TOGETHER_MS} ms`, { cause });
        await sleep(50);
      }
    }
  } finally {
    await nc.close();
  }
}

function plainConfig(place: ServerPlace): string {
  return `host: "${place.host}"\nport: ${place.port}\njetstream { store_dir: ${JSON.stringify(place.storeDir)} }\n`;
}

/** Settles when the server says that it is ready; what it said before is in the error when it never does. */
async function launch(file: string): Promise<ChildProcess> {
  const server = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      server.kill('SIGKILL');
      reject(new Error(`nats-server -c ${file} did not start: ${why}\n${said.join('\n')}`));
    };
    const timer = setTimeout(() => fail(`not ready within ${READY_MS} ms`), READY_MS);
    server.once('error', (error) => fail(error.message));
    server.once('exit', (code) => fail(`exit code ${code}`));
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (said.length < 100) said.push(line);
      if (!line.includes('Server is ready')) return;
      clearTimeout(timer);
      server.removeAllListeners();
      resolve();
    });
  });
  return server;
}
