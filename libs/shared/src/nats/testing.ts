import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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
const READY_MS = 10_000;

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

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
