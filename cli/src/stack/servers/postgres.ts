import { join } from 'node:path';
import pg from 'pg';
import { HOST } from '../ports.ts';
import type { Program } from '../program.ts';
import type { Secrets } from '../secrets.ts';
import type { ServerPlace } from './place.ts';
import { clearStalePid, preparePostgresData } from './postgres-data.ts';
import { DATABASE, OWNER, placeOfPostgres, postgresEnv } from './postgres-place.ts';

export interface PostgresProgram extends Program {
  readonly data: string;
}

export async function postgresProgram(place: ServerPlace): Promise<PostgresProgram> {
  const where = placeOfPostgres(place.home, place.secrets);
  const { bin } = await preparePostgresData(where, place.found, place.secrets, place.say);
  const port = await place.ports.take('postgres');
  const url = postgresUrl(port, place.secrets);
  const settings: Readonly<Record<string, string | number>> = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: '',
    max_connections: 80,
    shared_buffers: '128MB',
    wal_compression: 'on',
    max_wal_size: '1GB',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_timezone: 'UTC',
    timezone: 'UTC',
    // The journal's writer holds a lock with its connection: a dead peer has to be noticed soon.
    tcp_keepalives_idle: 5,
    tcp_keepalives_interval: 2,
    tcp_keepalives_count: 3,
  };
  return {
    name: 'postgres',
    kind: 'server',
    command: join(bin, 'postgres'),
    args: ['-D', where.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: postgresEnv(),
    cwd: where.folder,
    ...(where.user === null ? {} : { user: where.user }),
    // "Fast": SIGTERM would wait for every client to leave by itself.
    stopSignal: 'SIGINT',
    url: `postgres://${HOST}:${port}`,
    data: where.data,
    prepare: () => clearStalePid(where, place.say),
    isReady: () => answers(url),
  };
}

export function postgresUrl(port: number, secrets: Secrets): string {
  return `postgres://${OWNER}:${secrets.postgres}@${HOST}:${port}/${DATABASE}`;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  client.on('error', () => {}); // the query under way rejects as well, and that one is looked at
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false; // starting, recovering or refusing: Postgres says which in its log
  } finally {
    await client.end().catch(() => {}); // it never connected, or is gone
  }
}
