import { CORE_SERVICES, type CoreServiceName } from '../contracts/index.ts';
import type { Json } from '../core/index.ts';
import { Intake, type SessionRow } from '../runtime/index.ts';
import { type RecordReader, RowReader } from './record.ts';
import { NotThere } from './resolve.ts';
import { type Cores, nearest, turnsAfter } from './starting.ts';

export interface CoreState {
  readonly session: string;
  readonly service: CoreServiceName;
  /** The state is the one after this position. */
  readonly position: number;
  /** Position of the snapshot it was derived from, and the events fed since. */
  readonly snapshot: number;
  readonly fed: number;
  readonly recordedBy: string;
  readonly thisIs: string;
  /** Core time, µs. */
  readonly now: number;
  readonly timers: readonly (readonly [id: string, at: number])[];
  readonly state: Json;
}

export function coreServiceNamed(name: string): CoreServiceName {
  const found = CORE_SERVICES.find((service) => service === name);
  if (found === undefined) throw new NotThere(`${name} keeps no state that can be derived: one of ${CORE_SERVICES.join(', ')} does`);
  return found;
}

/** A core's state as it was after a position: its snapshot before, and the recorded events since. */
export async function stateAt(
  journal: RecordReader,
  session: SessionRow,
  service: CoreServiceName,
  position: number,
  cores: Cores,
): Promise<CoreState> {
  const derivation = await nearest(journal, session, service, position, cores);
  const { begin, runner } = derivation;
  const intake = new Intake(session.id, runner.wanted);
  await turnsAfter(journal, session, begin, intake);
  derivation.load(intake);
  const rows = new RowReader(journal, session.id, begin + 1, position);
  for (let at = begin; at < position; ) {
    const page = await rows.upTo(Math.min(position, at + 5_000));
    if (page.length === 0) throw new Error(`${session.id}: the journal has no rows above ${at}, expected them up to ${position}`);
    for (const row of page) {
      if (row.position !== at + 1)
        throw new Error(`${session.id}: position ${at + 1} is missing in the journal; "arb verify" looks for what else is`);
      derivation.see(row, intake, intake.judge(row) === 'taken');
      at = row.position;
    }
  }
  if (derivation.over && derivation.divergence !== null) {
    const { position: where, subject, expected, found } = derivation.divergence;
    throw new Error(
      `the state of ${service} cannot be derived: at position ${where} on ${subject} the record says ${clip(expected)}, this code ${clip(found)}`,
    );
  }
  const { core, now, timers } = runner.save();
  return {
    session: session.id,
    service,
    position,
    snapshot: begin,
    fed: position - begin,
    recordedBy: session.versions[service] ?? 'none',
    thisIs: runner.core.version,
    now,
    timers,
    state: core,
  };
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
