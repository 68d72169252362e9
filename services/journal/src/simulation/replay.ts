import { CORE_SERVICES, type CoreServiceName, rootOf, rootsOf } from '@arb/shared/contracts';
import {
  CoreRunner,
  Intake,
  makeSnapshot,
  type OpenOutput,
  type Output,
  openSnapshot,
  type RunnerState,
  type SessionRow,
  type StoredSnapshot,
  type StreamMessage,
} from '@arb/shared/runtime';
import { coreOf } from './cores.ts';

type Open = OpenOutput & { readonly cause: number };

/** What a core service is at the end of a session: where its child goes on. */
export interface AtEnd {
  readonly state: RunnerState;
  readonly open: readonly Open[];
}

export interface Replay {
  readonly session: SessionRow;
  readonly service: CoreServiceName;
  readonly parent: AtEnd | null;
  readonly messages: readonly StreamMessage[];
  readonly snapshots: readonly StoredSnapshot[];
  /** Asked after each position; what live processes say of themselves is compared here. */
  readonly after?: (position: number, state: RunnerState) => void;
}

/** A fresh core over recorded messages; throws where it does not say, byte for byte, what was recorded. */
export function replay({ session, service, parent, messages, snapshots, after }: Replay): AtEnd {
  const version = session.versions[service] as string;
  const where = (position: number) => `${service} in ${session.id} at ${position}`;
  const runner = new CoreRunner(service, coreOf(service, version)(), session.id);
  if (parent !== null) runner.loadParent(parent.state, session.parent as string, parent.open);
  const intake = new Intake(session.id, new Set(runner.wanted));
  /** Derived and not recorded yet, in the order of deriving. */
  const derived: Output[] = [];
  const roots = rootsOf(service);
  const open = (): Open[] => derived.map((output) => ({ subject: output.subject, body: output.bytes.toString(), cause: output.cause }));
  for (const message of messages) {
    const judgement = intake.judge(message);
    if (intake.header?.source === service && intake.counted) {
      // In each root they are recorded in that order; after a loss on the way one root may be behind another.
      const place = derived.findIndex(({ subject }) => rootOf(subject) === rootOf(message.subject));
      const output = place < 0 ? undefined : derived.splice(place, 1)[0];
      const found = Buffer.from(message.bytes).toString();
      if (output === undefined || output.n !== intake.header.n)
        throw new Error(`${where(message.position)}: recorded, but a replay has not said it: ${found}`);
      if (output.subject !== message.subject || output.bytes.toString() !== found)
        throw new Error(
          `${where(message.position)}: recorded ${message.subject} ${found}, a replay says ${output.subject} ${output.bytes}`,
        );
    }
    if (judgement === 'taken' && intake.event !== null && runner.wanted.has(intake.event.type))
      runner.apply(intake.event, (output) => derived.push(output));
    for (const stored of snapshots) {
      // Finished by newer code: its shape is another one, and its child's replay shows whether it was right.
      if (stored.position !== message.position || stored.version !== version || openSnapshot(stored) === null) continue;
      const expected = makeSnapshot(session.id, service, message.position, version, {
        runner: runner.save(),
        turns: intake.turns.save(roots),
        open: open(),
      });
      if (expected.body !== stored.body)
        throw new Error(`snapshot of ${where(message.position)}: a replay makes\n${expected.body}\nbut stored is\n${stored.body}`);
    }
    after?.(message.position, runner.save());
  }
  return { state: runner.save(), open: open() };
}

/** All cores of one session, from where their parents ended. */
export function replayAll(
  session: SessionRow,
  parents: ReadonlyMap<CoreServiceName, AtEnd> | null,
  messages: readonly StreamMessage[],
  snapshots: readonly StoredSnapshot[],
  after: (service: CoreServiceName) => Replay['after'],
): Map<CoreServiceName, AtEnd> {
  const ends = new Map<CoreServiceName, AtEnd>();
  for (const service of CORE_SERVICES) {
    const seen = after(service);
    ends.set(
      service,
      replay({
        session,
        service,
        parent: parents?.get(service) ?? null,
        messages,
        snapshots: snapshots.filter((one) => one.session === session.id && one.service === service),
        ...(seen === undefined ? {} : { after: seen }),
      }),
    );
  }
  return ends;
}
