import pg from 'pg';
import { explain } from './errors.ts';
import type { EventTable } from './partitions.ts';

const DAY_MS = 86_400_000;

/** A partition of a session's events, as it lies on the disk. */
export interface StoredPartition {
  readonly session: string;
  readonly table: EventTable;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** When its newest row was stored; null for an empty one. */
  readonly newest: string | null;
  readonly kept: boolean;
  /** The session goes on, or may. */
  readonly live: boolean;
}

export interface SessionStorage {
  readonly session: string;
  readonly status: string;
  readonly kept: boolean;
  readonly marketBytes: number;
  readonly ledgerBytes: number;
  /** When retention will first take something of it; null for never, or not while it goes on. */
  readonly dropsFrom: string | null;
  readonly partitions: number;
}

export interface Storage {
  readonly databaseBytes: number;
  readonly eventBytes: number;
  readonly snapshotBytes: number;
  readonly sealBytes: number;
  readonly retentionDays: number;
  /** What the next run of retention will drop, by its bytes. */
  readonly dueBytes: number;
  readonly sessions: readonly SessionStorage[];
}

/** When retention takes a partition; null while it may not. */
export function dropsAt({ newest, kept, live }: Pick<StoredPartition, 'newest' | 'kept' | 'live'>, retentionDays: number): number | null {
  return kept || live || newest === null ? null : Date.parse(newest) + retentionDays * DAY_MS;
}

interface PartitionRecord {
  name: string;
  session: string;
  status: string;
  kept: boolean;
  bytes: string;
}

/** Where the space goes, and what retention will take. */
export async function storageOf(url: string, retentionDays: number, now = Date.now()): Promise<Storage> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
    application_name: 'journal storage',
  });
  client.on('error', () => {}); // it also rejects the query under way, which is where it is reported
  try {
    await client.connect();
    const { rows: sizes } = await client.query<{ database: string; snapshots: string; seals: string }>(
      "SELECT pg_database_size(current_database()) AS database, pg_total_relation_size('snapshots') AS snapshots, pg_total_relation_size('seals') AS seals",
    );
    const { rows } = await client.query<PartitionRecord>(
      `SELECT c.relname AS name, s.id AS session, s.status, s.kept, pg_total_relation_size(c.oid) AS bytes
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       JOIN sessions s ON 's' || s.number = split_part(c.relname, '_', 3)
       WHERE i.inhparent IN ('events_market'::regclass, 'events_ledger'::regclass)
       ORDER BY s.number DESC, c.relname`,
    );
    const sessions = new Map<
      string,
      { status: string; kept: boolean; market: number; ledger: number; drops: number[]; partitions: number }
    >();
    let due = 0;
    let events = 0;
    for (const { name, session, status, kept, bytes } of rows) {
      const [, table, , first, last] = name.split('_') as [string, EventTable, string, string, string];
      const { rows: newest } = await client.query<{ stored_at: Date }>(
        `SELECT stored_at FROM ${client.escapeIdentifier(name)} ORDER BY session_number DESC, position DESC LIMIT 1`,
      );
      const partition: StoredPartition = {
        session,
        table,
        first: Number(first),
        last: Number(last),
        bytes: Number(bytes),
        newest: newest[0]?.stored_at.toISOString() ?? null,
        kept,
        live: status !== 'ended' && status !== 'lost',
      };
      const at = dropsAt(partition, retentionDays);
      let found = sessions.get(session);
      if (found === undefined) {
        found = { status, kept, market: 0, ledger: 0, drops: [], partitions: 0 };
        sessions.set(session, found);
      }
      found[table] += partition.bytes;
      found.partitions++;
      events += partition.bytes;
      if (at !== null) found.drops.push(at);
      if (at !== null && at <= now) due += partition.bytes;
    }
    const [size] = sizes;
    return {
      databaseBytes: Number(size?.database ?? 0),
      eventBytes: events,
      snapshotBytes: Number(size?.snapshots ?? 0),
      sealBytes: Number(size?.seals ?? 0),
      retentionDays,
      dueBytes: due,
      sessions: [...sessions].map(([session, { status, kept, market, ledger, drops, partitions }]) => ({
        session,
        status,
        kept,
        marketBytes: market,
        ledgerBytes: ledger,
        dropsFrom: drops.length === 0 ? null : new Date(Math.min(...drops)).toISOString(),
        partitions,
      })),
    };
  } catch (error) {
    throw explain(error, url, 'while looking where the space goes');
  } finally {
    await client.end();
  }
}

/** Snapshots below the first event that is left lead nowhere: nothing can be fed to them. Returns how many went. */
export async function dropSnapshotsWithoutEvents(url: string): Promise<number> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
    application_name: 'journal upkeep',
  });
  client.on('error', () => {}); // it also rejects the query under way, which is where it is reported
  try {
    await client.connect();
    // Those a session begins from and ends with stay: a child goes on from them.
    const { rowCount } = await client.query(
      `WITH kept AS (
         SELECT s.id, s.end_position, coalesce(max(p.first), 9223372036854775807) AS first FROM sessions s
         LEFT JOIN (SELECT split_part(c.relname, '_', 3) AS number, i.inhparent, min(split_part(c.relname, '_', 4)::bigint) AS first
                    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                    WHERE i.inhparent IN ('events_market'::regclass, 'events_ledger'::regclass) GROUP BY 1, 2) p ON p.number = 's' || s.number
         WHERE s.status IN ('ended', 'lost') OR p.first IS NOT NULL
         GROUP BY s.id, s.end_position)
       DELETE FROM snapshots old USING kept WHERE old.session = kept.id AND old.position > 1 AND old.position < kept.first - 1
         AND old.position IS DISTINCT FROM kept.end_position`,
    );
    return rowCount ?? 0;
  } catch (error) {
    throw explain(error, url, 'while dropping snapshots that lead nowhere');
  } finally {
    await client.end();
  }
}
