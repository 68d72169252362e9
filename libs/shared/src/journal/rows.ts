import type { Seal, SessionRow, SessionStatus } from '../runtime/ports.ts';

/** bigint columns come as text from the driver; positions stay below 2^53. */
type Int8 = string | null;

export interface SessionRecord {
  id: string;
  number: number;
  status: SessionStatus;
  parent: string | null;
  parent_position: Int8;
  end_position: Int8;
  stream_created: string | null;
  config_hash: string;
  versions: Record<string, string>;
  lost_from: Int8;
  lost_to: Int8;
}

export const SESSION_COLUMNS =
  'id, number, status, parent, parent_position, end_position, stream_created, config_hash, versions, lost_from, lost_to';

export function sessionRow(record: SessionRecord): SessionRow {
  return {
    id: record.id,
    number: record.number,
    status: record.status,
    parent: record.parent,
    parentPosition: wholeOrNull(record.parent_position),
    end: wholeOrNull(record.end_position),
    streamCreated: record.stream_created,
    configHash: record.config_hash,
    versions: record.versions,
    lostFrom: wholeOrNull(record.lost_from),
    lostTo: wholeOrNull(record.lost_to),
  };
}

/** Column of each field of a session that may change. */
export const CHANGEABLE: Readonly<Record<keyof Omit<SessionRow, 'id' | 'number'>, string>> = {
  status: 'status',
  parent: 'parent',
  parentPosition: 'parent_position',
  end: 'end_position',
  streamCreated: 'stream_created',
  configHash: 'config_hash',
  versions: 'versions',
  lostFrom: 'lost_from',
  lostTo: 'lost_to',
};

export interface SealRecord {
  from_position: string;
  to_position: string;
  market: string;
  ledger: string;
  head: string;
  turns: string;
}
export const SEAL_COLUMNS = 'from_position, to_position, market, ledger, head, turns';

export function seal(record: SealRecord): Seal {
  const { market, ledger, head, turns } = record;
  return { from: Number(record.from_position), to: Number(record.to_position), market, ledger, head, turns };
}

export function wholeOrNull(value: Int8): number | null {
  return value === null ? null : Number(value);
}

/** Numbers go into COPY statements as text, because those take no parameters. */
export function whole(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what}: expected a whole number from 0, found ${value}`);
  return value;
}
