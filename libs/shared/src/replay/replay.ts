import type { CoreServiceName } from '../contracts/index.ts';
import { Intake, type SessionRow, type StoredEvent } from '../runtime/index.ts';
import { type Derivation, type Divergence, knownTo } from './derivation.ts';
import { type RecordReader, RowReader } from './record.ts';
import { type Cores, coreServices, nearest, turnsAfter } from './starting.ts';

export interface ReplayOptions {
  readonly cores: Cores;
  readonly from: number;
  readonly to: number;
  /** Positions of the record fed so far, of all that will be. */
  readonly progress?: (done: number, all: number) => void;
  /** Each row from `from` on, once the cores have it: to pace it, or to show it. `taken` as judged again. */
  readonly each?: (row: StoredEvent, taken: boolean) => Promise<void> | void;
  readonly signal?: AbortSignal;
}

export interface ReplayedCore {
  readonly service: CoreServiceName;
  /** Position of the snapshot it began with; 0 for the session's own beginning. */
  readonly snapshot: number;
  readonly recordedBy: string;
  readonly thisIs: string;
  /** Recorded outputs of it in the range. */
  readonly outputs: number;
  /** Of another version: outputs that come out differently since its snapshot. */
  readonly differ: number;
  readonly divergence: Divergence | null;
}

export interface ReplayReport {
  readonly session: string;
  readonly from: number;
  readonly to: number;
  /** Where the feeding began: the earliest snapshot's position. */
  readonly fedFrom: number;
  readonly fed: number;
  /** Events of the range by type; those that were not taken under `ignored`. */
  readonly events: Readonly<Record<string, number>>;
  readonly cores: readonly ReplayedCore[];
  readonly seconds: number;
  /** Every core of the session's own version said what was recorded. */
  readonly ok: boolean;
}

/** Nearest sound snapshots, then the recorded events into the cores: what they answer is held against the record. */
export async function replay(journal: RecordReader, session: SessionRow, options: ReplayOptions): Promise<ReplayReport> {
  const { cores, from, to, signal } = options;
  const began = performance.now();
  const derivations: Derivation[] = [];
  for (const service of coreServices(cores)) derivations.push(await nearest(journal, session, service, from - 1, cores));
  const fedFrom = Math.min(...derivations.map(({ begin }) => begin));
  const intake = new Intake(session.id, new Set(derivations.flatMap(({ runner }) => [...runner.wanted])));
  intake.known = (row, header) => knownTo(derivations, row, header);
  await turnsAfter(journal, session, fedFrom, intake);
  for (const derivation of derivations) if (derivation.begin === fedFrom) derivation.load(intake);

  const rows = new RowReader(journal, session.id, fedFrom + 1, to);
  const events: Record<string, number> = {};
  const before = new Map<CoreServiceName, number>();
  let fed = 0;
  for (let at = fedFrom; at < to; ) {
    const page = await rows.upTo(Math.min(to, at + 2_000));
    if (page.length === 0) throw new Error(`${session.id}: the journal has no rows above ${at}, expected them up to ${to}`);
    signal?.throwIfAborted();
    for (const row of page) {
      if (row.position !== at + 1)
        throw new Error(`${session.id}: position ${at + 1} is missing in the journal; "arb verify" looks for what else is`);
      if (row.position === from) for (const { service, equal } of derivations) before.set(service, equal);
      const taken = intake.judge(row) === 'taken';
      for (const derivation of derivations) derivation.see(row, intake, taken);
      at = row.position;
      fed++;
      if (at < from) continue;
      const type = taken ? (intake.header?.kind.type ?? 'ignored') : 'ignored';
      events[type] = (events[type] ?? 0) + 1;
      const wait = options.each?.(row, taken);
      if (wait !== undefined) await wait;
    }
    options.progress?.(at - fedFrom, to - fedFrom);
  }
  for (const derivation of derivations) derivation.end(to);
  const replayed = derivations.map((derivation): ReplayedCore => {
    const { service, begin, runner, equal, divergence, sameVersion, differences } = derivation;
    return {
      service,
      snapshot: begin,
      recordedBy: session.versions[service] ?? 'none',
      thisIs: runner.core.version,
      outputs: equal - (before.get(service) ?? 0),
      differ: sameVersion ? (divergence === null ? 0 : 1) : differences.differ,
      divergence,
    };
  });
  return {
    session: session.id,
    from,
    to,
    fedFrom,
    fed,
    events,
    cores: replayed,
    seconds: Math.round(performance.now() - began) / 1_000,
    ok: replayed.every(({ recordedBy, thisIs, divergence }) => recordedBy !== thisIs || divergence === null),
  };
}
