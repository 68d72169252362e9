import { randomBytes } from 'node:crypto';
import { SERVICES, type Writer } from '@arb/shared/contracts';
import { migrate, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { type NatsServer, natsConfig, startNatsServer } from '@arb/shared/nats';
import { connect } from '@nats-io/transport-node';
import { onEnd } from './endings.ts';

/** Streams and journal of one measurement stay below these; a run that does not is told so by the servers. */
const MAX_STORE = 24 * 1024 ** 3;

export interface Servers {
  readonly nats: string;
  readonly passwords: Readonly<Record<Writer, string>>;
  readonly postgres: string;
  stop(): Promise<void>;
}

/** Private servers as a stack has them: users and permissions, a journal's database brought up to date. */
export async function startServers(): Promise<Servers> {
  const passwords = Object.fromEntries([...SERVICES, 'cli'].map((name) => [name, randomBytes(9).toString('hex')])) as Record<
    Writer,
    string
  >;
  const nats: NatsServer = await startNatsServer({
    config: ({ host, port, storeDir }) => natsConfig({ host, port, storeDir, passwords, maxStore: MAX_STORE }),
  });
  const stopNats = onEnd(() => nats.stop());
  const postgres: PostgresServer = await startPostgres();
  const stopPostgres = onEnd(() => postgres.stop());
  await migrate(postgres.url);
  return {
    nats: nats.url,
    passwords,
    postgres: postgres.url,
    async stop() {
      await stopPostgres();
      await stopNats();
    },
  };
}

/** NATS with nothing around it; with a stream of this name, which stores all that is said on the way to an order. */
export async function startBareNats(stream: string | null = null): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const nats = await startNatsServer();
  if (stream !== null) {
    const nc = await connect({ servers: nats.url });
    const config = { name: stream, subjects: ['book.>', 'l2.>', 'decision.>', 'verdict.>', 'order.>'], storage: 'file', no_ack: true };
    const answer = await nc.request(`$JS.API.STREAM.CREATE.${stream}`, JSON.stringify({ ...config, retention: 'limits', num_replicas: 1 }));
    await nc.close();
    const { error } = answer.json<{ error?: { description: string } }>();
    if (error !== undefined) throw new Error(`no stream ${stream}: ${error.description}`);
  }
  return { url: nats.url, stop: onEnd(() => nats.stop()) };
}
