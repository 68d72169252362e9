import type { JournalRow } from '../runtime/ports.ts';
import { whole } from './rows.ts';

/** What stands beside a row's bytes for those who ask by it: it follows from the bytes, and is not sealed. */
export interface RowLabels extends Pick<JournalRow, 'position' | 'table' | 'source' | 'n' | 'type' | 'v' | 'at' | 'cause'> {
  /** Which column holds the bytes; `both` where a second one holds others. */
  readonly kept: 'body' | 'raw' | 'both';
}

export interface LabelsRecord {
  position: string;
  table: RowLabels['table'];
  source: string | null;
  n: string | null;
  type: string | null;
  v: number | null;
  at: string | null;
  cause: string | null;
  kept: RowLabels['kept'];
}

export function rowLabels(record: LabelsRecord): RowLabels {
  const { position, n, at } = record;
  return { ...record, position: Number(position), n: n === null ? null : Number(n), at: at === null ? null : Number(at) };
}

export function labelsOf({ position, table, source, n, type, v, at, cause, malformed }: JournalRow): RowLabels {
  return { position, table, source, n, type, v, at, cause, kept: malformed ? 'raw' : 'body' };
}

/** Types that stand in `events_market`, in SQL. */
const MARKET = "('book', 'trade', 'l2', 'clock')";
/** A header as it is always written, up to its cause. */
const HEADER = `'{"n":' || n || ',"source":"' || source || '","session":"' || $2 || '","type":"' || type || '","v":' || v || ',"at":' || at || ',"cause":'
  || CASE WHEN cause IS NULL THEN 'null' WHEN strpos(cause, ':') > 0 THEN '"' || cause || '"' ELSE cause END || ','`;

/**
 * The labels of those rows of which the database itself cannot say that they fit: all but a few do, and are seen to do so by
 * their first bytes, which costs it less than sending them. For the others whoever has judged the row says so.
 */
export function doubtfulLabelsQuery(sessionNumber: number, from: number, to: number): string {
  const within = `session_number = ${whole(sessionNumber, 'session')} AND position BETWEEN ${whole(from, 'from')} AND ${whole(to, 'to')}`;
  const part = (table: RowLabels['table']) => `SELECT position, '${table}' AS table, source, n, type, v, at, cause,
      CASE WHEN raw IS NULL THEN 'body' WHEN body IS NULL THEN 'raw' ELSE 'both' END AS kept
    FROM events_${table} WHERE ${within}
      AND (taken AND raw IS NULL AND type ${table === 'market' ? 'IN' : 'NOT IN'} ${MARKET} AND starts_with(body::text, ${HEADER})) IS NOT TRUE`;
  return `SELECT * FROM (${part('market')} UNION ALL ${part('ledger')}) labels ORDER BY position LIMIT $1`;
}
