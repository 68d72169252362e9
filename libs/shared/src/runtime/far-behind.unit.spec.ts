import { echoRootsOf, rootsOf } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import { CoreInputs } from './core-inputs.ts';
import { CoreRunner } from './core-runner.ts';
import { publishFarBehind } from './far-behind.ts';
import { Intake } from './intake.ts';
import { RUNTIME_DEFAULTS } from './options.ts';
import { Outlet } from './outlet.ts';
import type { StreamMessage } from './ports.ts';
import { ReadingPlace } from './reading-place.ts';
import { StreamAccess } from './stream-access.ts';
import { alarming, blocking, Stage } from './testing.ts';

const WINDOW = 10;
/** Answers held that are recorded already and not derived yet: about as many. */
const MOST_AHEAD = 200;
const SERVICES = {
  risk: { make: blocking, root: 'verdict', subject: 'verdict.BTC' },
  alerting: { make: alarming, root: 'alert', subject: 'alert.p2' },
} as const;
type Service = keyof typeof SERVICES;

/** What a service says to these decisions, as another process of it would. */
function answersTo(decisions: readonly StreamMessage[], service: Service, stage: Stage): readonly string[] {
  const runner = new CoreRunner(service, SERVICES[service].make(), 's');
  const intake = new Intake('s', new Set(['session.started', 'decision']));
  const said: string[] = [];
  for (const message of [stage.stream.at(1) as StreamMessage, ...decisions]) {
    intake.judge(message);
    if (intake.event !== null) runner.apply(intake.event, ({ bytes }) => said.push(bytes.toString()));
  }
  return said;
}

/**
 * A session of which a service reads `read` decisions in the journal. Of its answers the first `journaled` stand in the
 * journal after those decisions, and as many as `streamed` more in the stream alone. So far it has read `take`.
 */
function behind(service: Service, given: { read?: number; journaled?: number; streamed?: number; take?: number } = {}) {
  const { read = 30, journaled = 0, streamed = 0 } = given;
  const { make, subject } = SERVICES[service];
  const roots = rootsOf(service);
  const echoes = echoRootsOf(service);
  const stage = new Stage();
  const started = stage.begin();
  const decisions = Array.from({ length: read }, () => stage.decide());
  const answers = answersTo(decisions, service, stage);
  for (const text of answers.slice(0, journaled)) stage.store(subject, text);
  stage.record();
  for (const text of answers.slice(journaled, journaled + streamed)) stage.store(subject, text);
  const before = stage.stream.lastPosition;

  const place = new ReadingPlace(echoes);
  const outlet = new Outlet(service);
  const deps = { ...stage.deps, service, options: { ...RUNTIME_DEFAULTS, window: WINDOW, journalPage: 7, queueEvents: MOST_AHEAD } };
  const runner = new CoreRunner(service, make(), 's');
  const core = new CoreInputs({ deps, runner, outlet, place, window: WINDOW, answered: () => {} });
  const intake = new Intake('s', new Set(['session.started', 'decision']), roots);
  const left = [started, ...decisions];
  /** Reads the next ones in the journal; how many those were. */
  const readOn = (count: number): number => {
    const page = left.splice(0, count);
    for (const message of page) {
      intake.judge(message);
      if (intake.event !== null) core.take(intake.event);
      place.remember(message);
      place.position = message.position;
      place.echoed = message.position;
    }
    return page.length;
  };
  readOn((given.take ?? read) + 1);
  const { session, patience } = stage;
  const access = new StreamAccess({ deps, session, place, patience });
  const stopping = () => stage.stopping;
  const run = { deps, session: 's', stream: 'SESSION_s', core, place, roots, echoes, access, patience, stopping };
  return {
    stage,
    core,
    place,
    answers,
    take: () => readOn(10),
    /** Another answer than the first one stands in the stream. */
    contradict: () => stage.store(subject, (answers[0] as string).replace('"cause":2', '"cause":1')),
    publish: () => publishFarBehind(run),
    done: () => stage.settled(publishFarBehind(run)),
    /** What has come into the stream since. */
    published: () =>
      stage.stream
        .all()
        .filter(({ position }) => position > before)
        .map(({ bytes }) => Buffer.from(bytes).toString()),
    links: async () => {
      await stage.world.runFor(100);
      return stage.server.links.size;
    },
  };
}

describe.each(['risk', 'alerting'] as const)('%s, far behind,', (service) => {
  const { root, subject } = SERVICES[service];

  it('publishes what it owes, each once and in order, until half its window is free and no input waits', async () => {
    const { stage, core, done, published, answers, links } = behind(service);
    expect([core.outlet.unconfirmed, core.waiting]).toEqual([WINDOW, 20]);
    expect(await done()).toBe('done');
    expect([core.waiting, core.outlet.unconfirmed <= WINDOW / 2, await links()]).toEqual([0, true, 0]);
    expect(published()).toEqual(answers.slice(0, published().length));
    expect(published().length).toBeGreaterThanOrEqual(30 - WINDOW / 2);
    // It has not waited until nothing was heard any more.
    expect(stage.world.now).toBeLessThan(3_000_000);
  });

  it('leaves what it has not read back to be sent again on the next connection', async () => {
    const { stage, core, done, answers } = behind(service);
    await done();
    const sent: string[] = [];
    const link = await stage.settled(stage.deps.bus.connect());
    core.outlet.send({ ...link, publish: (_, bytes) => sent.push(Buffer.from(bytes).toString()) }, stage.deps.time.monotonicMs(), 0);
    expect(sent).toEqual(answers.slice(answers.length - core.outlet.unconfirmed));
  });

  it('confirms what stands further on in the journal, and says none of it again', async () => {
    const { core, done, published } = behind(service, { journaled: 30 });
    expect(await done()).toBe('done');
    expect([core.outlet.taken(root), core.windowFull, published()]).toEqual([30, false, []]);
    core.drain();
    expect([core.waiting, core.outlet.unconfirmed]).toEqual([0, 0]);
  });

  it('holds only so many of its recorded answers to what it has not read yet', async () => {
    const { core, done, take, published } = behind(service, { read: 600, journaled: 600, take: 30 });
    while (take() > 0) {
      if (core.windowFull) expect(await done()).toBe('done');
      expect(core.outlet.ahead).toBeLessThan(MOST_AHEAD + 7);
    }
    expect([core.waiting, core.outlet.unconfirmed, core.outlet.taken(root), published()]).toEqual([0, 0, 600, []]);
  });

  it('publishes from the first one that is neither in the journal nor in the stream', async () => {
    for (const [journaled, streamed] of [
      [7, 0],
      [0, 9],
      [3, 8],
    ] as const) {
      const { core, done, published, answers } = behind(service, { journaled, streamed });
      expect(await done()).toBe('done');
      const missing = answers.slice(journaled + streamed);
      expect([core.windowFull, published()]).toEqual([false, missing.slice(0, published().length)]);
    }
  });

  it('sends again what it had sent over an earlier connection and does not find', async () => {
    const { stage, core, done, published, answers } = behind(service);
    core.outlet.send({ ...(await stage.settled(stage.deps.bus.connect())), publish: () => {} }, stage.deps.time.monotonicMs(), 0);
    expect([await done(), core.waiting]).toEqual(['done', 0]);
    expect(published()).toEqual(answers.slice(0, published().length));
  });

  it('leaves what others say further on for when it reads on', async () => {
    const { stage, core, done, published, answers } = behind(service);
    for (let i = 0; i < 3; i++) stage.decide();
    expect([await done(), core.waiting, core.outlet.ahead]).toEqual(['done', 0, 0]);
    const since = published().slice(3);
    expect(since).toEqual(answers.slice(0, since.length));
  });

  it('stays on a connection that is slow for as long as anything comes back', async () => {
    const { stage, core, done } = behind(service, { read: 200 });
    for (let second = 0; second < 20; second++) stage.world.after(second * 1_000, () => stage.server.stall('SESSION_s', 999));
    expect([await done(), core.waiting, stage.server.linksMade]).toEqual(['done', 0, 1]);
    expect(stage.world.now).toBeGreaterThan(3_000_000);
  });

  it('heeds nothing that stands in the stream out of turn', async () => {
    const { stage, core, done, published, answers } = behind(service);
    const late = stage.store(subject, answers[4] as string);
    expect([await done(), core.waiting]).toEqual(['done', 0]);
    const since = published().slice(1);
    expect([late.position, since]).toEqual([32, answers.slice(0, since.length)]);
  });

  it('publishes nothing in a session that has ended meanwhile', async () => {
    const { stage, done, published } = behind(service);
    stage.change({ status: 'ended', end: 31 });
    expect([await done(), published()]).toEqual(['discard', []]);
  });

  it('publishes nothing where nothing is journaled', async () => {
    const { stage, done, published } = behind(service);
    stage.database.seals.clear();
    expect([await done(), published()]).toEqual(['done', []]);
  });

  it('waits for the bus where it is away', async () => {
    const { stage, core, publish } = behind(service);
    stage.server.refuse('risk', 5_000);
    const result = publish();
    await stage.world.runFor(4_000);
    expect([core.windowFull, stage.patience.trouble]).toEqual([true, 'cannot connect to the bus: connection timed out']);
    expect([await stage.settled(result), core.waiting]).toEqual(['done', 0]);
  });

  it('does not wait when the process stops', async () => {
    const { stage, core, publish } = behind(service);
    stage.server.refuse('risk', 50_000);
    const result = publish();
    stage.world.after(1_000, () => {
      stage.stopping = true;
    });
    expect([await stage.settled(result), core.windowFull, stage.world.now < 5_000_000]).toEqual(['done', true, true]);
  });

  it('leaves a connection over which nothing comes back, and sends all that is open over the next one', async () => {
    const { stage, core, done, answers, links, published } = behind(service);
    stage.server.faults.drop = 1;
    expect(await done()).toBe('done');
    expect([core.windowFull, published(), await links()]).toEqual([true, [], 0]);
    stage.server.faults.drop = 0;
    expect(await done()).toBe('done');
    expect([core.waiting, published()]).toEqual([0, answers.slice(0, published().length)]);
  });

  it('stops with the position where a twin has said something else', async () => {
    const { contradict, done, links } = behind(service);
    const other = contradict();
    await expect(done()).rejects.toMatchObject({ code: 'REPLAY_DIVERGED', position: other.position });
    expect(await links()).toBe(0);
  });

  it('stops with the position where the journal holds something else', async () => {
    const { stage, contradict, done } = behind(service);
    const other = contradict();
    stage.record();
    await expect(done()).rejects.toMatchObject({ code: 'REPLAY_DIVERGED', position: other.position });
  });

  it('knows the stream by what it has read back', async () => {
    const { stage, place, done } = behind(service);
    await done();
    const { position, bytes } = place.known;
    expect([position > 31, Buffer.from(bytes ?? [])]).toEqual([true, Buffer.from(stage.stream.at(position)?.bytes ?? [])]);
  });

  it('publishes nothing where a twin has said all of it', async () => {
    const { core, done, published } = behind(service, { streamed: 30 });
    expect(await done()).toBe('done');
    expect([core.waiting, core.outlet.unconfirmed <= WINDOW / 2, published()]).toEqual([0, true, []]);
  });
});
