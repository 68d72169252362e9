import type { AnyEvent, Scanned } from '../contracts/index.ts';
import type { Intake, Judgement } from '../runtime/intake.ts';
import type { JournalRow, StreamMessage } from '../runtime/ports.ts';
import { tableOf } from './table.ts';

/** The journal's row of a message, as the intake has just judged it. Copies the bytes: the message's may be a view. */
export function rowOf(message: StreamMessage, judgement: Judgement, intake: Intake): JournalRow {
  const header: Scanned | null = intake.header;
  const event: AnyEvent | null = intake.event;
  const malformed = judgement === 'malformed';
  const cause = event?.cause ?? null;
  return {
    position: message.position,
    storedAt: message.storedAt,
    // Postgres keeps no U+0000; a subject that has one is malformed whatever stands for it.
    subject: message.subject.replaceAll('\u0000', '\ufffd'),
    source: header?.source ?? null,
    n: header?.n ?? null,
    type: header?.kind.type ?? null,
    v: header?.v ?? null,
    at: header?.at ?? null,
    cause: cause === null ? null : String(cause),
    bytes: Buffer.from(message.bytes),
    taken: judgement === 'taken',
    malformed,
    table: tableOf(message.subject),
  };
}
