/**
 * Brings the journal's database to where everybody can log in: tables, the role of all who read, the role of who only looks.
 * Run again, it sets the passwords that are in the files now. Reads ARB_POSTGRES_URL_FILE (the owner's address) and, in the same folder,
 * `reader` and `viewer`.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createReaderRole, migrate } from '@arb/shared/journal';
import pg from 'pg';
import { ROLES } from './secrets.mjs';

const path = process.env.ARB_POSTGRES_URL_FILE;
if (path === undefined)
  throw new Error('ARB_POSTGRES_URL_FILE should name the file with the address of the journal’s database, and is not set');
const url = read(path);

await migrate(url);
await createReaderRole(url, ROLES.reader, read(join(dirname(path), 'reader')));
await createReaderRole(url, ROLES.viewer, read(join(dirname(path), 'viewer')));
await onlyLooks(ROLES.viewer);
console.log(`roles: ${ROLES.reader} and ${ROLES.viewer} can log in`);

/** What every reader may do beside reading: keep snapshots. Who draws charts has none. */
async function onlyLooks(role) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const name = client.escapeIdentifier(role);
    await client.query(`REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM ${name};
      ALTER ROLE ${name} SET default_transaction_read_only = on;
      ALTER ROLE ${name} SET statement_timeout = '10s';
      ALTER ROLE ${name} CONNECTION LIMIT 5`);
  } finally {
    await client.end();
  }
}

function read(file) {
  return readFileSync(file, 'utf8').trim();
}
