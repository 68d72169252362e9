import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** The channel's other side: counts how often each message has come, and takes none while it is dead. */
export interface People {
  readonly port: number;
  readonly times: Uint8Array;
  received(): number;
  /** How long it took no messages, from its death to its return. */
  deadMs(): number;
  die(): Promise<void>;
  revive(): Promise<void>;
  /** Resolves once every message has come, or rejects when nothing new has come for so long. */
  all(withoutNewsMs: number): Promise<void>;
}

export async function people(count: number): Promise<People> {
  const times = new Uint8Array(count + 1);
  const sockets = new Set<Socket>();
  let received = 0;
  let newsAt = performance.now();
  let server: Server | null = null;
  let deadMs = 0;
  let diedAt: number | null = null;

  function serve(): Server {
    return createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => {}); // a worker that was killed
      let back = '';
      const lines = createInterface({ input: socket });
      lines.on('error', () => {}); // as the socket's own
      lines.on('line', (line) => {
        const position = Number(line);
        if (times[position] === 0) {
          received++;
          newsAt = performance.now();
        }
        times[position] = Math.min(255, (times[position] as number) + 1);
        if (back === '')
          setImmediate(() => {
            socket.write(back);
            back = '';
          });
        back += `${line}\n`;
      });
    });
  }

  async function open(port: number): Promise<number> {
    server = serve();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  const port = await open(0);
  return {
    port,
    times,
    received: () => received,
    deadMs: () => deadMs,
    async die() {
      const dying = server;
      if (dying === null) return;
      server = null;
      diedAt = performance.now();
      const closed = once(dying, 'close');
      dying.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async revive() {
      if (server !== null) return;
      await open(port);
      if (diedAt !== null) deadMs += performance.now() - diedAt;
      diedAt = null;
    },
    async all(withoutNewsMs) {
      while (received < count) {
        if (performance.now() - newsAt > withoutNewsMs)
          throw new Error(`${count - received} of ${count} alerts have not come, and nothing comes any more`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}
