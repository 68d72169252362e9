import { echoRootsOf, rootOf, rootsOf, type ServiceName, streamOf } from '@arb/shared/contracts';
import { World } from '@arb/shared/simulation';
import { Cast, type CastOptions, type Sabotage } from './cast.ts';
import { type Checked, checkAll } from './checkers.ts';
import { castOptions, heal, type Profile, planFaults } from './faults.ts';

export interface SeedRun {
  readonly seed: number;
  readonly profile: Profile;
  /** Null when all held; otherwise what did not. */
  readonly failure: string | null;
  readonly trace: string;
  readonly events: number;
  readonly restarts: number;
  readonly checked: Checked | null;
  readonly recoveryMs: number;
}

export interface Watch {
  readonly sabotage?: Sabotage;
  readonly traceLines?: number;
  /** Sees the cast as it is in the end. */
  readonly look?: (cast: Cast) => void;
}

const CHAOS_UNTIL_MS = { least: 5_000, most: 12_000 };
/** All must be well again so long after the last fault, by virtual time. */
const RECOVERY_MS = 90_000;
const FLOW_MS = 1_500;
const REST_MS = 15_000;

export function rerunLine(seed: number, profile: Profile): string {
  return `npm run prove -- simulation --seed ${profile}/${seed}`;
}

/** One history from its seed: chaos, then quiet, in which all must come back to life, then rest, in which all must add up. */
export async function runSeed(seed: number, profile: Profile, { sabotage, traceLines = 400, look }: Watch = {}): Promise<SeedRun> {
  const world = new World(`${profile}/${seed}`, {
    rerun: () => rerunLine(seed, profile),
    traceLines,
  });
  const random = world.random.fork('plan');
  const options: CastOptions = { ...castOptions(profile, random), ...(sabotage === undefined ? {} : { sabotage }) };
  const cast = new Cast(world, options);
  let checked: Checked | null = null;
  let failure: string | null = null;
  let recoveryMs = 0;
  try {
    const chaosMs = random.between(CHAOS_UNTIL_MS.least, CHAOS_UNTIL_MS.most);
    planFaults(cast, profile, random, chaosMs);
    cast.begin();
    await world.run(chaosMs);
    heal(cast);
    recoveryMs = await recover(cast);
    await rest(cast);
    checked = checkAll(cast);
  } catch (error) {
    failure = (error as Error).message;
  }
  look?.(cast);
  return { seed, profile, failure, trace: world.report(), events: world.events, restarts: cast.restarts, checked, recoveryMs };
}

async function recover(cast: Cast): Promise<number> {
  const { world } = cast;
  const from = world.now;
  for (;;) {
    const ill = whatIsIll(cast);
    if (ill === null) return (world.now - from) / 1_000;
    if (world.now - from > RECOVERY_MS * 1_000) throw new Error(`not well ${RECOVERY_MS / 1_000} s after the last fault: ${ill}`);
    await world.runFor(250);
  }
}

/** The market falls silent, and what is under way arrives. */
async function rest(cast: Cast): Promise<void> {
  const { world } = cast;
  cast.market.closed = true;
  await world.runFor(1_000);
  const from = world.now;
  for (;;) {
    const busy = whatIsUnderWay(cast);
    if (busy === null) return;
    if (world.now - from > REST_MS * 1_000) throw new Error(`no rest ${REST_MS / 1_000} s after the last book: ${busy}`);
    await world.runFor(13);
  }
}

/** Live means: everyone is in the newest session, and the whole way from book to closed position is walked. */
function whatIsIll(cast: Cast): string | null {
  const session = [...cast.db.sessions.values()].at(-1);
  if (session === undefined || session.status !== 'live') return `session ${session?.id} is ${session?.status}`;
  const wanted = cast.wanted();
  if (session.configHash !== wanted.configHash) return `session ${session.id} runs another configuration than wanted`;
  if (JSON.stringify(session.versions) !== JSON.stringify(wanted.versions)) return `session ${session.id} runs other versions than wanted`;
  if (cast.cleanAsked) return 'a clean start was asked for and has not begun';
  for (const part of cast.parts) {
    if (cast.process(part.name)?.asleep === true) return `${part.name} sleeps`;
    if (part.service === 'journal') continue;
    const host = cast.hosts.get(part.name);
    const status = host?.current()?.status();
    if (status?.live !== true || status.session !== session.id)
      return `${part.name} is not live in ${session.id}: ${status?.session} ${status?.trouble} ${host?.waitsFor()}`;
  }
  const writer = writerOf(cast);
  if (writer === null) return `no journal writes ${session.id}`;
  const last = cast.bus.streams.get(streamOf(session.id))?.lastPosition ?? 0;
  if (writer.session !== session.id || writer.committed < last - 60) return `the journal stands at ${writer.committed} of ${last}`;
  for (const root of ['book', 'l2', 'decision', 'verdict', 'order', 'fill', 'position', 'clock', 'journal', 'lease']) {
    const at = cast.history.lastStored.get(root) ?? 0;
    if (cast.world.now - at > FLOW_MS * 1_000) return `no ${root} since ${at / 1_000} ms`;
  }
  return null;
}

function writerOf(cast: Cast) {
  for (const keeper of cast.keepers.values()) {
    const { recorder } = keeper.status();
    if (recorder?.live === true) return recorder;
  }
  return null;
}

function whatIsUnderWay(cast: Cast): string | null {
  for (const part of cast.parts) if (cast.process(part.name)?.asleep === true) return `${part.name} sleeps`;
  for (const part of cast.parts) if (cast.process(part.name) === null) return `${part.name} is not there`;
  for (const { name, service } of cast.parts) {
    if (service === 'journal') continue;
    const host = cast.hosts.get(name);
    const status = host?.current()?.status();
    if (host === undefined || status === undefined || !status.live) return `${name} is not live`;
    if (status.unconfirmed > 0 || status.queued > 0) return `${name} has ${status.unconfirmed} unconfirmed and ${status.queued} queued`;
    const state = host.current()?.coreState();
    if (!name.startsWith('market') && state === null) return `${name} shows no state`;
    const unread = lastFor(cast, status.session, service);
    if (status.position < unread) return `${name} has read up to ${status.position}, and ${unread} is there for it`;
    const { timers } = (state?.state ?? { timers: [] }) as { readonly timers: readonly (readonly [id: string, at: number])[] };
    const order = timers.find(([id]) => id.startsWith('fill '));
    if (order !== undefined) return `${name} waits for ${order[0]}`;
  }
  const session = [...cast.db.sessions.values()].at(-1);
  const writer = writerOf(cast);
  if (writer === null || session === undefined) return 'no journal writes';
  if (writer.unconfirmed > 0 || writer.pendingRows > 0) return `the journal has ${writer.pendingRows} rows to write`;
  const last = cast.bus.streams.get(streamOf(session.id))?.lastPosition ?? 0;
  if (writer.committed < last) return `the journal stands at ${writer.committed} of ${last}`;
  return null;
}

/** The last position in its session's stream that holds an input of this service. */
function lastFor(cast: Cast, session: string, service: ServiceName): number {
  const stream = cast.bus.streams.get(streamOf(session));
  if (stream === undefined) return 0;
  const [roots, echoes] = [rootsOf(service), echoRootsOf(service)];
  for (let position = stream.lastPosition; position >= stream.firstPosition; position--) {
    const root = rootOf(stream.at(position)?.subject ?? '');
    if (roots.has(root) && !echoes.has(root)) return position;
  }
  return 0;
}
