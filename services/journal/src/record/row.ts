import { type AnyEvent, kindsOn, type Scanned } from '@arb/shared/contracts';
import type { Intake, JournalRow, Judgement, StreamMessage } from '@arb/shared/runtime';

/** The journal's row of a message, as the intake has just judged it. Copies the bytes: the message's are a view. */
export function rowOf(message: StreamMessage, judgement: Judgement, intake: Intake): JournalRow {
  const header: Scanned | null = intake.header;
  const event: AnyEvent | null = intake.event;
  const malformed = judgement === 'malformed';
  const cause = event?.cause ?? null;
  return {
    position: message.position,
    storedAt: message.storedAt,
    subject: message.subject,
    source: header?.source ?? null,
    n: header?.n ?? null,
    type: header?.kind.type ?? null,
    v: header?.v ?? null,
    at: header?.at ?? null,
    cause: cause === null ? null : String(cause),
    bytes: Buffer.from(message.bytes),
    taken: judgement === 'taken',
    malformed,
    // Decided by the subject alone, so that every row of a subject stands in one table whatever its bytes are.
    table: tableOf(message.subject),
  };
}

function tableOf(subject: string): 'market' | 'ledger' {
  return kindsOn(subject)[0]?.table ?? 'ledger';
}
