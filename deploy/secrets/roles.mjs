/**
 * Brings the journal's database to where everybody can log in: tables, the role of all who read, the role of who only looks.
 * Run again, it sets the passwords that are in the files now. Reads ARB_POSTGRES_URL_FILE (the owner's address) and, in the same folder,
 * `reader` and `viewer`.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createReaderRole, migrate } from '@arb/shared/journal';
import pg from 'pg';
import { CONNECTIONS, ROLES } from './secrets.mjs';

const WITHIN_MS = 120_000;
const path = process.env.ARB_POSTGRES_URL_FILE;
if (path === undefined)
  throw new Error('ARB_POSTGRES_URL_FILE should name the file with the address of the journal’s database, and is not set');
const url = read(path);

await untilItAnswers();
await migrate(url);
await createReaderRole(url, ROLES.reader, read(join(dirname(path), 'reader')));
await createReaderRole(url, ROLES.viewer, read(join(dirname(path), 'viewer')));
await onlyLooks(ROLES.viewer);
await limited();
console.log(`roles: ${ROLES.reader} and ${ROLES.viewer} can log in`);

/** A database that is being started or moved is waited for: who starts this again and again waits longer each time. */
async function untilItAnswers() {
  for (const end = Date.now() + WITHIN_MS; ; await sleep(500)) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {}); // the call under way rejects as well
    try {
      await client.connect();
      return;
    } catch (error) {
      const comes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ETIMEDOUT', 'ECONNRESET', '57P03'].includes(error.code);
      if ((!comes && !/timeout/i.test(error.message)) || Date.now() > end) throw error;
    } finally {
      await client.end().catch(() => {}); // it never connected
    }
  }
}

async function limited() {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    for (const [role, most] of Object.entries(CONNECTIONS))
      await client.query(`ALTER ROLE ${client.escapeIdentifier(ROLES[role])} CONNECTION LIMIT ${most}`);
  } finally {
    await client.end();
  }
}

/** What every reader may do beside reading: keep snapshots. Who draws charts has none. */
async function onlyLooks(role) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const name = client.escapeIdentifier(role);
    await client.query(`REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM ${name};
      ALTER ROLE ${name} SET default_transaction_read_only = on;
      ALTER ROLE ${name} SET statement_timeout = '10s'`);
  } finally {
    await client.end();
  }
}

function read(file) {
  return readFileSync(file, 'utf8').trim();
}
