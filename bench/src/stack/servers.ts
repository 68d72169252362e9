import { randomBytes } from 'node:crypto';
import { SERVICES, type Writer } from '@arb/shared/contracts';
import { migrate, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { type NatsServer, natsConfig, startNatsServer } from '@arb/shared/nats';
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

export async function startBareNats(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const nats = await startNatsServer();
  return { url: nats.url, stop: onEnd(() => nats.stop()) };
}
