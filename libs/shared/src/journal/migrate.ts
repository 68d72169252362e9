import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { explain, JournalError, shownAddress } from './errors.ts';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));
/** Long enough for another process to finish the same work, short enough to notice one that hangs. */
const WAIT_SECONDS = 60;

/**
 * Brings the database to the present tables. Several processes may call it at once: the first does the work, the
 * others wait for it and find it done.
 */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'journal migrations' });
  // Most who read a journal never bring it up to date, and it takes as long to load as all the rest of this folder.
  const { runner } = await import('node-pg-migrate');
  // The error also rejects the query under way, which is where it is reported.
  client.on('error', () => {});
  try {
    await client.connect();
    await requireUtf8(client, url);
    await client.query(`SET lock_timeout = '${WAIT_SECONDS}s'`);
    await client.query("SELECT pg_advisory_lock(hashtextextended('journal migrations', 0))");
    await client.query('RESET lock_timeout');
    await runner({
      dbClient: client,
      dir: MIGRATIONS,
      direction: 'up',
      migrationsTable: 'migrations',
      // Its own lock fails at once when another process holds it; ours, above, waits.
      noLock: true,
      singleTransaction: true,
      logger: { info: () => {}, warn: () => {}, error: () => {} },
    });
  } catch (error) {
    throw explain(error, url, 'while bringing the tables up to date');
  } finally {
    await client.end();
  }
}

async function requireUtf8(client: pg.Client, url: string): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>("SELECT current_setting('server_encoding') AS encoding");
  const encoding = rows[0]?.encoding;
  if (encoding === 'UTF8') return;
  const { server, database } = shownAddress(url);
  throw new JournalError(
    `Database ${database} at ${server} has the encoding ${encoding}; the journal needs UTF8 to keep every event as it is: create it anew with "createdb -E UTF8 -T template0 ${database}".`,
  );
}

/** A role for everybody but the writer: reads all, keeps snapshots, changes nothing else. Calling it again sets the password. */
export async function createReaderRole(url: string, name: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // it also rejects the query under way, which is where it is reported
  try {
    await client.connect();
    const role = client.escapeIdentifier(name);
    const { rows } = await client.query<{ known: boolean; database: string }>(
      'SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS known, current_database() AS database',
      [name],
    );
    const [found] = rows;
    if (found === undefined) throw new JournalError('Postgres answered a question about its roles with nothing.');
    await client.query(
      `BEGIN;
       ${found.known ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)};
       GRANT CONNECT ON DATABASE ${client.escapeIdentifier(found.database)} TO ${role};
       GRANT USAGE ON SCHEMA public TO ${role};
       GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
       ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${role};
       GRANT INSERT, DELETE ON snapshots TO ${role};
       COMMIT;`,
    );
  } catch (error) {
    throw explain(error, url, `while creating the role ${name}`);
  } finally {
    await client.end();
  }
}
