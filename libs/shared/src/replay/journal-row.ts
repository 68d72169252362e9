import { tableOf } from '../journal/table.ts';
import type { Intake, JournalRow, StoredEvent } from '../runtime/index.ts';

/** The row as the journal's recorder would have written it, of an event that `intake` has just judged. */
export function journalRow(row: StoredEvent, malformed: boolean, { header, event }: Intake): JournalRow {
  const cause = event?.cause ?? null;
  return {
    position: row.position,
    storedAt: row.storedAt,
    subject: row.subject,
    source: header?.source ?? null,
    n: header?.n ?? null,
    type: header?.kind.type ?? null,
    v: header?.v ?? null,
    at: header?.at ?? null,
    cause: cause === null ? null : String(cause),
    bytes: row.bytes,
    taken: row.taken,
    malformed,
    table: tableOf(row.subject),
  };
}
