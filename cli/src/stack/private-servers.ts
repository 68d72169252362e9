import { ensureServers } from '../../../bootstrap/servers.mjs';
import type { Home } from './home.ts';
import { HOST, type Ports } from './ports.ts';
import type { Program } from './program.ts';
import type { Secrets } from './secrets.ts';
import { natsProgram } from './servers/nats.ts';
import { postgresProgram, postgresUrl } from './servers/postgres.ts';
import { redisProgram, redisUrl } from './servers/redis.ts';
import type { ServerAddresses } from './services.ts';

export interface PrivateServers {
  readonly programs: readonly Program[];
  readonly addresses: ServerAddresses;
  readonly postgresData: string;
}

export interface ServersPlan {
  readonly home: Home;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** Bytes that all streams together may take on disk. */
  readonly maxStore: number;
  readonly say: (line: string) => void;
}

/** The stack's own servers: on loopback, with data and passwords of their own; those of the system are never used. */
export async function planServers(plan: ServersPlan): Promise<PrivateServers> {
  const place = { ...plan, found: await ensureServers(plan.say) };
  const [nats, redis, postgres] = [await natsProgram(place, plan.maxStore), await redisProgram(place), await postgresProgram(place)];
  const { taken } = plan.ports;
  return {
    programs: [postgres, nats, redis],
    addresses: {
      nats: `nats://${HOST}:${taken.nats}`,
      redis: redisUrl(taken.redis as number, plan.secrets),
      postgres: postgresUrl(taken.postgres as number, plan.secrets),
    },
    postgresData: postgres.data,
  };
}

/** Only the journal's database, for a command that needs no more. */
export async function planPostgres(
  plan: Omit<ServersPlan, 'maxStore'>,
): Promise<{ readonly program: Program; readonly url: string; readonly data: string }> {
  const program = await postgresProgram({ ...plan, found: await ensureServers(plan.say) });
  return { program, url: postgresUrl(plan.ports.taken.postgres as number, plan.secrets), data: program.data };
}
