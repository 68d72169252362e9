import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { type ServiceName, STREAM_SUBJECTS } from '../contracts/index.ts';
import type { AdminLink, StreamMessage } from '../runtime/ports.ts';
import { isRefusal } from '../runtime/refusal.ts';
import { ask } from './api.ts';
import { natsBus } from './bus.ts';
import { type NatsServer, startNatsCluster, startNatsServer } from './testing.ts';

const STREAM = 'SESSION_a';
const PATIENCE_MS = 30_000;
let servers: readonly NatsServer[] = [];
afterEach(() => Promise.all(servers.map((server) => server.stop())));

const urlOf = (some: readonly NatsServer[]) => some.map(({ url }) => url).join(',');
const busOn = (some: readonly NatsServer[], replicas: number) => natsBus({ servers: urlOf(some), name: 'test', admin: true, replicas });

/** Which of the servers leads the stream. */
async function leaderOf(url: string): Promise<number> {
  const nc = await connect({ servers: url.split(',') });
  const { cluster } = await ask<{ readonly cluster: { readonly leader: string } }>(nc, `STREAM.INFO.${STREAM}`);
  await nc.close();
  return Number(cluster.leader.slice(1));
}

/** Until it is done: while a cluster chooses who leads, it answers nobody. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (isRefusal(error) || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe('a stream with copies', () => {
  it('has three on three servers; the loss of the one that leads loses nothing that was acknowledged, and writing and reading go on', async () => {
    servers = await startNatsCluster(3);
    const bus = busOn(servers, 3);
    let link: AdminLink = await again(() => bus.connect());
    await again(() => link.admin.create(STREAM, STREAM_SUBJECTS, 1e7));
    const created = (await link.streamInfo(STREAM))?.created;

    const acked: [position: number, text: string][] = [];
    const write = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const text = JSON.stringify({ i: acked.length });
        await again(async () => {
          try {
            acked.push([await link.admin.publish(STREAM, 'clock', Buffer.from(text)), text]);
          } catch (error) {
            await link.close();
            link = await bus.connect();
            throw error;
          }
        });
      }
    };
    const readAll = async (): Promise<Map<number, string>> => {
      const found = new Map<number, string>();
      const last = acked.at(-1)?.[0] as number;
      await again(async () => {
        const reader = await bus.connect();
        try {
          await new Promise<void>((resolve, reject) => {
            const onMessage = ({ position, bytes }: StreamMessage): void => {
              found.set(position, Buffer.from(bytes).toString());
              if (position >= last) resolve();
            };
            reader.read(STREAM, 1, null, onMessage, (why) => reject(new Error(why))).catch(reject);
          });
        } finally {
          await reader.close();
        }
      });
      return found;
    };

    await write(200);
    const lost = servers[await leaderOf(urlOf(servers))] as NatsServer;
    await lost.kill9();
    await write(100);
    const found = await readAll();
    for (const [position, text] of acked) expect([position, found.get(position)]).toEqual([position, text]);
    // Whoever knew it before knows it still: it is the same stream.
    expect((await again(() => link.streamInfo(STREAM)))?.created).toBe(created);
    await link.close();
  });

  it('can be read although a third of what is asked for is dealt to a server that has just died', async () => {
    servers = await startNatsCluster(3);
    const bus = busOn(servers, 3);
    const before = await again(() => bus.connect());
    await again(() => before.admin.create(STREAM, STREAM_SUBJECTS, 1e7));
    await again(() => before.admin.publish(STREAM, 'clock', Buffer.from('{}')));
    const lost = servers[await leaderOf(urlOf(servers))] as NatsServer;
    await lost.kill9();
    await before.close();
    const link = await again(() => busOn(servers, 3).connect());
    await again(() => link.streamInfo(STREAM));
    const first = (service: ServiceName | null) =>
      new Promise<number>((resolve, reject) => {
        link
          .read(
            STREAM,
            1,
            service,
            ({ position }) => resolve(position),
            (why) => reject(new Error(why)),
          )
          .catch(reject);
      });
    const readers = Array.from({ length: 6 }, () => ['strategy', null] as const).flat();
    expect(await Promise.all(readers.map(first))).toEqual(readers.map(() => 1));
    await link.close();
  });

  it('is refused in one sentence by a server that stands alone', async () => {
    servers = [await startNatsServer()];
    const link = await busOn(servers, 3).connect();
    const refused: unknown = await link.admin.create(STREAM, ['session.>'], 1e6).catch((error: unknown) => error);
    expect((refused as Error).message).toBe(
      'stream SESSION_a should have 3 copies, but this NATS server stands alone and keeps one: set infrastructure.natsReplicas (ARB_NATS_REPLICAS) to 1, or give it a cluster of 3 servers',
    );
    expect(isRefusal(refused)).toBe(true);
    await link.close();
  });

  it('waits for servers that are missing, and says so in one sentence', async () => {
    servers = await startNatsCluster(3);
    const link = await again(() => busOn(servers, 5).connect());
    const refused = (await link.admin.create(STREAM, ['session.>'], 1e6).catch((error: Error) => error)) as Error;
    expect(refused.message).toMatch(
      /^stream SESSION_a should have 5 copies, but fewer than 5 NATS servers of the cluster can take one now: start/,
    );
    expect(isRefusal(refused)).toBe(false);
    await link.close();
  });
});
