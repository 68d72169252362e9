import type pg from 'pg';

export type EventTable = 'market' | 'ledger';
const TABLES: readonly EventTable[] = ['market', 'ledger'];
export const DEFAULT_PARTITION_POSITIONS = 5_000_000;

/** `events_market_s12_1_5000000`: session number, first and last position. The name says all that is needed to extend or drop it. */
const NAME = /^events_(market|ledger)_s(\d+)_(\d+)_(\d+)$/;

interface Partition {
  readonly name: string;
  readonly sessionNumber: number;
  readonly first: number;
  readonly last: number;
  /** True in the short time between detaching and dropping, or when that was cut short. */
  readonly pending: boolean;
  readonly attached: boolean;
}

async function partitionsOf(client: pg.ClientBase, table: EventTable, sessionNumber: number | null): Promise<Partition[]> {
  const prefix = sessionNumber === null ? `events\\_${table}\\_s%` : `events\\_${table}\\_s${sessionNumber}\\_%`;
  const { rows } = await client.query<{ name: string; attached: boolean; pending: boolean }>(
    `SELECT c.relname AS name, i.inhrelid IS NOT NULL AS attached, coalesce(i.inhdetachpending, false) AS pending
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events_${table}'::regclass) AND c.relname LIKE $1`,
    [prefix],
  );
  const found: Partition[] = [];
  for (const { name, attached, pending } of rows) {
    const parts = NAME.exec(name);
    if (parts !== null)
      found.push({ name, attached, pending, sessionNumber: Number(parts[2]), first: Number(parts[3]), last: Number(parts[4]) });
  }
  return found.sort((a, b) => a.sessionNumber - b.sessionNumber || a.first - b.first);
}

/**
 * Makes partitions of both tables so that `upTo` has a place; `from` is where a session goes on whose earlier ones were
 * dropped. Returns the last position that has a place now.
 */
export async function createPartitions(
  client: pg.ClientBase,
  sessionNumber: number,
  from: number,
  upTo: number,
  size: number,
): Promise<number> {
  await client.query('BEGIN');
  try {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('journal partitions', 0))");
    let covered = Number.MAX_SAFE_INTEGER;
    for (const table of TABLES) {
      let last = (await partitionsOf(client, table, sessionNumber)).reduce((most, { last }) => Math.max(most, last), from - 1);
      while (last < upTo) {
        const first = last + 1;
        last += size;
        const name = `events_${table}_s${sessionNumber}_${first}_${last}`;
        // Made apart and then attached: CREATE … PARTITION OF would wait for every reader of the table.
        // A row of a few kB stays in its page as it is; compressing it would cost the writer more than it saves.
        await client.query(
          `CREATE TABLE ${name} (LIKE events_${table} INCLUDING DEFAULTS INCLUDING INDEXES) WITH (toast_tuple_target = 8160);
           ALTER TABLE events_${table} ATTACH PARTITION ${name} FOR VALUES FROM (${sessionNumber}, ${first}) TO (${sessionNumber}, ${last + 1});`,
        );
      }
      covered = Math.min(covered, last);
    }
    await client.query('COMMIT');
    return covered;
  } catch (error) {
    // A connection that cannot roll back is ended by its owner, which is the same.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/**
 * Drops partitions whose newest row is older than `before`: never those of a kept session, never one that is still
 * being filled. Returns the names of those dropped. One run at a time: the lock ends with the connection.
 */
export async function dropPartitions(client: pg.ClientBase, before: Date, table: EventTable): Promise<readonly string[]> {
  const { rows: locked } = await client.query<{ got: boolean }>(
    "SELECT pg_try_advisory_lock(hashtextextended('journal retention', 0)) AS got",
  );
  if (locked[0]?.got !== true) return [];
  const dropped: string[] = [];
  for (const partition of await partitionsOf(client, table, null)) {
    const { name, attached, pending } = partition;
    // What an earlier run had begun to drop is no longer part of the journal, whatever its age.
    if (attached && !pending && !(await isDroppable(client, partition, before))) continue;
    if (pending) await client.query(`ALTER TABLE events_${table} DETACH PARTITION ${name} FINALIZE`);
    else if (attached) await client.query(`ALTER TABLE events_${table} DETACH PARTITION ${name} CONCURRENTLY`);
    await client.query(`DROP TABLE ${name}`);
    dropped.push(name);
  }
  return dropped;
}

async function isDroppable(client: pg.ClientBase, { name, sessionNumber, last }: Partition, before: Date): Promise<boolean> {
  const { rows } = await client.query<{ droppable: boolean }>(
    `SELECT NOT s.kept
            AND (s.status IN ('ended', 'lost') OR $2 <= (SELECT coalesce(max(to_position), 0) FROM seals WHERE session_number = s.number))
            AND coalesce((SELECT stored_at FROM ${name} ORDER BY session_number DESC, position DESC LIMIT 1), s.ended_at, 'infinity') < $3 AS droppable
     FROM sessions s WHERE s.number = $1`,
    [sessionNumber, last, before],
  );
  return rows[0]?.droppable === true;
}
