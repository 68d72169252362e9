import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CATALOG, type DataOf, encodeOutput, type Header, subjectOf } from '@arb/shared/contracts';
import { natsBus } from '@arb/shared/nats';
import pg from 'pg';
import { homeOf } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { HOST } from '../stack/ports.ts';
import { readRun } from '../stack/run-file.ts';
import { readSecrets } from '../stack/secrets.ts';
import { postgresUrl } from '../stack/servers/postgres.ts';
import { redisUrl } from '../stack/servers/redis.ts';

/** Where a running stack is reached, and by which names: its own run file, or variables for one that runs elsewhere. */
export interface RunningStack {
  readonly nats: { readonly servers: string; readonly user: string; readonly password: string };
  readonly postgres: string;
  readonly redis: string;
}

export function runningStack(): RunningStack {
  const {
    ARB_NATS_URL: nats,
    ARB_POSTGRES_URL: postgres,
    ARB_REDIS_URL: redis,
    ARB_NATS_USER: user,
    ARB_NATS_PASSWORD: password,
  } = process.env;
  if (nats && postgres && redis) return { nats: { servers: nats, user: user || 'cli', password: password ?? '' }, postgres, redis };
  const home = homeOf();
  const run = lockHolder(home) === null ? null : readRun(home);
  const secrets = readSecrets(home);
  const ports = run?.ports;
  if (ports === undefined || secrets === null || ports.nats === undefined || ports.postgres === undefined || ports.redis === undefined)
    throw new Error('not running here: "npm start" starts it; ARB_NATS_URL, ARB_POSTGRES_URL and ARB_REDIS_URL name another one');
  return {
    nats: { servers: `nats://${HOST}:${ports.nats}`, user: 'cli', password: secrets.nats.cli },
    postgres: postgresUrl(ports.postgres, secrets),
    redis: redisUrl(ports.redis, secrets),
  };
}

const JOURNALED_WITHIN_MS = 10_000;

/** Gives a command to the present session, and resolves with its position once it is in the journal. */
export async function tellStack(
  what: string,
  data: Omit<DataOf<'command'>, 'id' | 'by'>,
): Promise<{ readonly session: string; readonly position: number }> {
  const stack = runningStack();
  const client = new pg.Client({ connectionString: stack.postgres, connectionTimeoutMillis: 10_000, statement_timeout: 10_000 });
  await client.connect();
  try {
    const session = await liveSession(client);
    const boot = randomBytes(5).toString('hex');
    const header: Header = {
      n: 1,
      source: `cli/${boot}`,
      session,
      type: 'command',
      v: CATALOG.command.v,
      at: Date.now() * 1_000,
      cause: null,
    };
    const subject = subjectOf('command', what);
    const bytes = encodeOutput(subject, header, { id: boot, by: `cli:${process.env.USER ?? 'somebody'}`.slice(0, 100), ...data });
    if (typeof bytes === 'string') throw new Error(`the command cannot be given: ${bytes}`);
    const link = await natsBus({ ...stack.nats, name: 'arb' }).connect();
    link.publish(subject, bytes);
    await link.close();
    return { session, position: await journaled(client, session, boot) };
  } finally {
    await client.end();
  }
}

const ANSWERED_WITHIN_MS = 5_000;

/** What alerting made of a command to it, in its own sentences; none where it has not answered yet. */
export async function answerOfAlerting({
  session,
  position,
}: {
  readonly session: string;
  readonly position: number;
}): Promise<readonly Answer[]> {
  const client = new pg.Client({ connectionString: runningStack().postgres, connectionTimeoutMillis: 10_000, statement_timeout: 10_000 });
  await client.connect();
  try {
    const until = Date.now() + ANSWERED_WITHIN_MS;
    for (;;) {
      const { rows } = await client.query<Answer>(
        `SELECT body->'data'->>'summary' AS summary, body->'data'->>'step' AS step FROM events_ledger
         WHERE session_number = (SELECT number FROM sessions WHERE id = $1) AND type = 'alert' AND taken
           AND position > $2 AND body->>'cause' = $2::text ORDER BY position`,
        [session, position],
      );
      if (rows.length > 0 || Date.now() > until) return rows;
      await sleep(50);
    }
  } finally {
    await client.end();
  }
}

export interface Answer {
  readonly summary: string;
  readonly step: string;
}

export async function liveSession(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>("SELECT id FROM sessions WHERE status = 'live' ORDER BY number DESC LIMIT 1");
  const [found] = rows;
  if (found === undefined) throw new Error('no session is live: "arb sessions" lists them');
  return found.id;
}

async function journaled(client: pg.Client, session: string, id: string): Promise<number> {
  const until = Date.now() + JOURNALED_WITHIN_MS;
  for (;;) {
    const { rows } = await client.query<{ position: number }>(
      `SELECT position::float8 AS position FROM events_ledger
       WHERE session_number = (SELECT number FROM sessions WHERE id = $1) AND source = $2 AND n = 1 AND taken`,
      [session, `cli/${id}`],
    );
    const [found] = rows;
    if (found !== undefined) return found.position;
    if (Date.now() > until)
      throw new Error(`the command was sent and is not in the journal after ${JOURNALED_WITHIN_MS / 1000} s: it may not have been taken`);
    await sleep(50);
  }
}
