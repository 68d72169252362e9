import { randomBytes } from 'node:crypto';
import type { StoredEvent } from '@arb/shared/runtime';
import { connect } from '@nats-io/transport-node';
import { homeOf } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { HOST } from '../stack/ports.ts';
import { readRun } from '../stack/run-file.ts';
import { readSecrets } from '../stack/secrets.ts';

/** Shows recorded events on subjects of their own, which no stream takes. */
export interface Publisher {
  /** `replay.<run>`: the subjects begin with it. */
  readonly subject: string;
  publish(row: StoredEvent): Promise<void> | void;
  close(): Promise<void>;
}

/** Sent without waiting for the server's socket; then it is waited for. */
const FLUSH_EVERY = 1_000;

export async function openPublisher(): Promise<Publisher> {
  const { servers, user, pass } = access();
  const connection = await connect({
    servers,
    reconnect: false,
    timeout: 5_000,
    ignoreAuthErrorAbort: false,
    ...(user === undefined ? {} : { user, pass }),
  }).catch((cause: Error) => {
    throw new Error(`no connection to NATS at ${servers} to publish on`, { cause });
  });
  const subject = `replay.${randomBytes(3).toString('hex')}`;
  let sent = 0;
  return {
    subject,
    publish(row) {
      connection.publish(`${subject}.${row.subject}`, row.bytes);
      return ++sent % FLUSH_EVERY === 0 ? connection.flush() : undefined;
    },
    async close() {
      await connection.drain();
    },
  };
}

function access(): { readonly servers: string; readonly user: string | undefined; readonly pass: string | undefined } {
  const named = process.env.ARB_NATS_URL;
  if (named !== undefined && named !== '') return { servers: named, user: process.env.ARB_NATS_USER, pass: process.env.ARB_NATS_PASSWORD };
  const home = homeOf();
  const port = lockHolder(home)?.use === 'stack' ? readRun(home)?.ports.nats : undefined;
  const secrets = readSecrets(home);
  if (port === undefined || secrets === null)
    throw new Error(
      'there is no NATS to publish on: "npm start" starts one, ARB_NATS_URL (with ARB_NATS_USER and ARB_NATS_PASSWORD) names another',
    );
  return { servers: `nats://${HOST}:${port}`, user: 'cli', pass: secrets.nats.cli };
}
