import { CORES } from '@arb/cli';
import { CORE_SERVICES, type CoreServiceName } from '@arb/shared/contracts';
import { openArchive } from '@arb/shared/journal';
import { type CoreState, type RecordReader, stateAt } from '@arb/shared/replay';
import { openSnapshot } from '@arb/shared/runtime';
import { type JournalFacts, openFacts } from '../checks/journal.ts';

/** What the cores hold that must outlive everything, as the journal says it at one position. */
export interface Held {
  /** Round trips that are open or on their way, by name. */
  readonly trips: readonly string[];
  /** Orders that have no outcome yet. */
  readonly legs: number;
  readonly accounts: number;
  readonly reservations: number;
  /** Closures, pauses, and coins or routes that rest. */
  readonly cooldowns: number;
  readonly states: Readonly<Record<CoreServiceName, CoreState>>;
}

type Fields = Readonly<Record<string, unknown>>;
const listOf = (state: Fields, name: string): readonly Fields[] => (state[name] ?? []) as readonly Fields[];

/** Replays the journal to this position, from nothing that a process after it has said. */
export async function heldAt(url: string, session: string, position: number): Promise<Held> {
  const archive = openArchive(url);
  try {
    const row = await archive.session(session);
    if (row === null) throw new Error(`expected session ${session} in the journal, found none`);
    const states = {} as Record<CoreServiceName, CoreState>;
    for (const service of CORE_SERVICES) states[service] = await stateAt(upTo(archive, position), row, service, position, CORES);
    const executor = states.executor.state as Fields;
    const risk = states.risk.state as Fields;
    const strategy = states.strategy.state as Fields;
    const trips = listOf(executor, 'trips');
    const ledger = executor.ledger as readonly (readonly [venue: string, accounts: readonly unknown[]])[];
    const now = states.strategy.now;
    const resting = (strategy.coins as readonly (readonly [string, { readonly restUntil?: number }])[]).filter(
      ([, { restUntil }]) => (restUntil ?? 0) > now,
    );
    return {
      trips: trips.map(({ id }) => id as string),
      legs: states.executor.timers.filter(([id]) => id.startsWith('arrive/') || id.startsWith('unwind/')).length,
      accounts: ledger.reduce((sum, [, accounts]) => sum + accounts.length, 0),
      reservations: listOf(risk, 'reservations').length,
      cooldowns: listOf(risk, 'closures').length + listOf(risk, 'paused').length + resting.length,
      states,
    };
  } finally {
    await archive.close();
  }
}

/** Only snapshots up to a position: what comes later is what is to be judged. */
function upTo(
  archive: RecordReader & { snapshotPositions: NonNullable<RecordReader['snapshotPositions']> },
  position: number,
): RecordReader {
  return {
    ...archive,
    snapshotPositions: async (session, service) => (await archive.snapshotPositions(session, service)).filter((at) => at <= position),
  };
}

const FIRST_AFTER = `
  SELECT position::float8 AS position, session, service, version, schema, sha256, body FROM snapshots
  WHERE session = $1 AND service = $2 AND position >= $3 AND created_at > to_timestamp($4) ORDER BY position LIMIT 1`;

export interface Compared {
  readonly service: CoreServiceName;
  readonly position: number;
  /** Null where they are the same, else the first part of the state that is not. */
  readonly differs: string | null;
}

/**
 * The first state that each core kept after it was back, against what the events say it must be: derived here from the
 * snapshots of before and the recorded events since.
 */
export async function statesAfter(facts: JournalFacts, session: string, head: number, since: number): Promise<readonly Compared[]> {
  const archive = openArchive(facts.url);
  try {
    const row = await archive.session(session);
    if (row === null) throw new Error(`expected session ${session} in the journal, found none`);
    const compared: Compared[] = [];
    for (const service of CORE_SERVICES) {
      const [stored] = await facts.rows<Parameters<typeof openSnapshot>[0]>(FIRST_AFTER, [session, service, head, since / 1_000]);
      const body = stored === undefined ? null : openSnapshot(stored);
      if (stored === undefined || body === null) {
        compared.push({ service, position: head, differs: 'there is no sound snapshot' });
        continue;
      }
      const { position } = stored;
      const derivable: RecordReader = upTo(archive, head - 1);
      const { state, now, timers } = await stateAt(derivable, row, service, position, CORES);
      const { core, now: kept, timers: set } = body.runner;
      compared.push({
        service,
        position,
        differs: difference({ now, timers, ...(state as object) }, { now: kept, timers: set, ...(core as object) }),
      });
    }
    return compared;
  } finally {
    await archive.close();
  }
}

function difference(derived: Fields, kept: Fields): string | null {
  for (const name of new Set([...Object.keys(derived), ...Object.keys(kept)])) {
    const [one, other] = [JSON.stringify(derived[name]) ?? 'nothing', JSON.stringify(kept[name]) ?? 'nothing'];
    if (one !== other) return `${name} should be ${one.slice(0, 300)}, it is ${other.slice(0, 300)}`;
  }
  return null;
}

export async function headOf(url: string): Promise<{ readonly session: string; readonly head: number }> {
  const facts = await openFacts(url);
  try {
    const present = (await facts.sessions()).at(-1);
    if (present === undefined) throw new Error('expected a session in the journal, found none');
    return { session: present.id, head: present.head };
  } finally {
    await facts.close();
  }
}
