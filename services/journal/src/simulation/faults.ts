import { CORE_SERVICES, echoRootsOf, rootOf } from '@arb/shared/contracts';
import type { Random } from '@arb/shared/simulation';
import type { Cast, CastOptions } from './cast.ts';

type Fault = (cast: Cast, random: Random) => void;

/** Places at which a crash would hurt most, per kind of process. */
const SERVICE_POINTS = ['restored', 'before-derive', 'after-derive', 'after-publish', 'snapshot-copied', 'snapshot-saved'];
const JOURNAL_POINTS = ['before-append', 'after-append'];
const LIFE_POINTS = [
  'session-created',
  'stream-created',
  'started-published',
  'subjects-opened',
  'session-live',
  'cut-marked',
  'cut-stopping-read-back',
  'cut-subjects-taken',
  'cut-stopped-read-back',
  'cut-ended',
  'lost-marked',
  'stream-closed',
  'stream-removed',
];

/** Roots in which a hurried core hears itself. */
const CORE_WORDS: readonly string[] = CORE_SERVICES.flatMap((service) => [...echoRootsOf(service)]);

const nameOf = (cast: Cast, random: Random) => random.pick(cast.parts).name;
const journals = (cast: Cast) => cast.parts.filter((part) => part.service === 'journal').map((part) => part.name);
function present(cast: Cast): string | null {
  return [...cast.bus.streams.keys()].at(-1) ?? null;
}

const kills: readonly Fault[] = [
  (cast, random) => cast.process(nameOf(cast, random))?.kill(),
  (cast, random) => cast.process(nameOf(cast, random))?.kill(),
  (cast, random) => {
    for (const part of cast.parts) if (random.chance(0.4)) cast.process(part.name)?.kill();
  },
  (cast) => {
    for (const part of cast.parts) cast.process(part.name)?.kill();
  },
  (cast, random) => cast.world.killAt(random.pick(CORE_SERVICES), random.pick(SERVICE_POINTS), random.between(1, 6)),
  (cast, random) => cast.world.killAt(random.pick(CORE_SERVICES), random.pick(SERVICE_POINTS), random.between(1, 6)),
  (cast, random) => cast.world.killAt(random.pick(journals(cast)), random.pick(JOURNAL_POINTS), random.between(1, 6)),
  (cast, random) => cast.world.killAt(random.pick(journals(cast)), random.pick(LIFE_POINTS), 1),
];

const sleeps: readonly Fault[] = [
  (cast, random) => cast.process(nameOf(cast, random))?.sleep(random.between(200, 3_000)),
  (cast, random) => cast.process(nameOf(cast, random))?.sleep(random.between(1_000, 12_000)),
  (cast, random) => cast.process(random.pick(journals(cast)))?.sleep(random.between(300, 9_000)),
  (cast, random) => {
    for (const part of cast.parts) if (random.chance(0.5)) cast.process(part.name)?.sleep(random.between(300, 4_000));
  },
];

const network: readonly Fault[] = [
  (cast, random) => {
    for (const link of cast.bus.linksOf(nameOf(cast, random))) link.cut();
  },
  (cast, random) => {
    for (const link of cast.bus.linksOf(nameOf(cast, random))) link.cut({ ghostMs: random.between(10, 4_000) });
  },
  (cast, random) => {
    for (const link of [...cast.bus.links]) if (random.chance(0.5)) link.cut();
  },
  (cast, random) => {
    for (const link of cast.bus.linksOf(nameOf(cast, random))) link.halfOpen({ direction: random.pick(['in', 'out', 'both']) });
  },
  (cast, random) => {
    for (const link of cast.bus.linksOf(nameOf(cast, random))) link.stall(random.between(50, 4_000));
  },
  (cast, random) => cast.bus.restart(random.between(50, 3_000)),
  (cast, random) => cast.bus.refuse(nameOf(cast, random), random.between(100, 4_000)),
  (cast, random) => {
    const stream = present(cast);
    if (stream !== null) cast.bus.stall(stream, random.between(20, 1_500));
  },
  (cast, random) => {
    // What a service has read is not journaled when its connection is lost: only it knows up to where it has read what.
    for (const name of journals(cast)) for (const link of cast.bus.linksOf(name)) link.stall(random.between(800, 2_500));
    cast.world.after(random.between(50, 400), () => {
      for (const link of [...cast.bus.links])
        if (!link.process.name.startsWith('journal') && random.chance(0.7)) link.cut({ learntAfterMs: random.between(0, 50) });
    });
  },
  disturbed('drop'),
  disturbed('double'),
  disturbed('ghost'),
  disturbed('onlyGhost'),
];

/** For some seconds, messages of everybody are lost, doubled or late. */
function disturbed(kind: 'drop' | 'double' | 'ghost' | 'onlyGhost'): Fault {
  return (cast, random) => {
    cast.bus.faults[kind] = random.pick([0.002, 0.01, 0.05, 0.2]);
    cast.world.after(random.between(200, 3_000), () => {
      cast.bus.faults[kind] = 0;
    });
  };
}

const database: readonly Fault[] = [
  (cast, random) => cast.db.outage(random.between(50, 5_000)),
  (cast, random) => cast.db.restart(random.between(50, 2_000)),
  (cast, random) => cast.db.cutConnections(random.pick(journals(cast))),
  (cast, random) => cast.db.cutConnections(random.pick(journals(cast))),
  (cast, random) => cast.db.snapshotsUnreachable(random.between(200, 4_000)),
  (cast) => {
    cast.db.corruptSnapshot();
  },
  (cast, random) => {
    const service = random.pick(CORE_SERVICES);
    cast.db.corruptSnapshot((snapshot) => snapshot.service === service);
    cast.process(service)?.kill();
  },
];

const handovers: readonly Fault[] = [
  (cast, random) => {
    cast.config = { every: random.between(3, 6), limit: random.between(3, 9), tag: `t${random.below(1_000)}` };
    if (random.chance(0.5)) cast.handOver();
    else for (const name of journals(cast)) cast.process(name)?.kill();
  },
  (cast, random) => {
    // New code for some services: their processes are replaced, at about the time when the journals learn of it.
    const renewed = CORE_SERVICES.filter(() => random.chance(0.4));
    for (const service of renewed) cast.code[service] = cast.code[service] === '1' ? '2' : '1';
    const replace = () => {
      for (const part of cast.parts) if ((renewed as readonly string[]).includes(part.service)) cast.process(part.name)?.kill();
    };
    cast.world.after(random.between(0, 1_500), replace);
    if (random.chance(0.5)) cast.world.after(random.between(0, 1_500), () => cast.handOver());
    else
      cast.world.after(random.between(0, 1_500), () => {
        for (const name of journals(cast)) cast.process(name)?.kill();
      });
  },
];

const reconfigure: Fault = (cast, random) => {
  cast.config = { every: random.between(3, 6), limit: random.between(3, 9), tag: `t${random.below(1_000)}` };
  cast.handOver();
};

/** What goes wrong just while a session ends or another begins. */
const ends: readonly Fault[] = [
  (cast, random) => {
    reconfigure(cast, random);
    for (let left = random.between(1, 3); left > 0; left--)
      cast.world.after(random.between(0, 120), () => {
        if (random.chance(0.5)) for (const name of journals(cast)) for (const link of cast.bus.linksOf(name)) link.stall(100);
        const stream = present(cast);
        if (stream !== null) cast.bus.powerCut(stream, random.between(1, 8), random.between(20, 600));
        if (random.chance(0.5)) for (const name of journals(cast)) cast.process(name)?.kill();
      });
  },
  (cast, random) => {
    // Some sleep over the loss and wake with what they have read of the stream that was.
    // The journal has not read all of it, so that the session goes on without its tail.
    for (const name of journals(cast)) for (const link of cast.bus.linksOf(name)) link.stall(600);
    cast.world.after(random.between(100, 500), () => {
      for (const part of cast.parts)
        if (part.service !== 'journal' && random.chance(0.4)) cast.process(part.name)?.sleep(random.between(500, 5_000));
      const stream = present(cast);
      if (stream !== null) cast.bus.powerCut(stream, random.between(1, 30), random.between(20, 600));
    });
  },
  (cast, random) => {
    // One of two twins has read the tail that is lost; the other one goes on without it, and says something else.
    const [first, second] = random.pick([
      ['risk', 'risk-1'],
      ['risk-1', 'risk'],
      ['executor', 'executor-1'],
      ['executor-1', 'executor'],
    ] as const);
    for (const name of journals(cast)) for (const link of cast.bus.linksOf(name)) link.stall(700);
    cast.process(second)?.sleep(random.between(600, 900));
    cast.world.after(random.between(300, 500), () => {
      const name = present(cast);
      if (name !== null) cast.bus.powerCut(name, random.between(2, 30), random.between(20, 300));
      cast.bus.refuse(first, random.between(1_000, 3_000));
    });
  },
  (cast, random) => {
    // The loss takes just what a core has read of itself last, and nothing else that it has read.
    for (const name of journals(cast)) for (const link of cast.bus.linksOf(name)) link.stall(900);
    let lost = false;
    for (let ms = 1; ms < 500; ms++)
      cast.world.after(ms, () => {
        const name = present(cast);
        const stream = name === null ? undefined : cast.bus.streams.get(name);
        const last = stream?.at(stream.lastPosition);
        if (lost || name === null || !last || !CORE_WORDS.includes(rootOf(last.subject))) return;
        if (cast.bus.wallMicros() - last.storedAt < 15_000) return;
        lost = true;
        cast.bus.powerCut(name, 1, random.between(20, 300));
      });
  },
  (cast, random) => {
    // What a journal said last arrives when the next one has begun.
    cast.bus.faults.onlyGhost = 0.3;
    cast.world.after(random.between(10, 500), () => {
      for (const name of journals(cast)) cast.process(name)?.kill();
    });
    cast.world.after(2_000, () => {
      cast.bus.faults.onlyGhost = 0;
    });
  },
  (cast, random) => {
    reconfigure(cast, random);
    for (const name of journals(cast)) cast.world.killAt(name, random.pick(LIFE_POINTS), 1);
    for (const link of cast.bus.links) link.faults.ghost = 0.3;
  },
  (cast, random) => {
    reconfigure(cast, random);
    cast.world.after(random.between(0, 200), () => cast.process(random.pick(journals(cast)))?.sleep(random.between(100, 6_000)));
    cast.world.after(random.between(0, 200), () => cast.db.cutConnections(random.pick(journals(cast))));
  },
  (cast, random) => {
    // The journal dies over the first event of a session, which may come late.
    reconfigure(cast, random);
    let killed = false;
    for (let ms = 1; ms < 1_500; ms++)
      cast.world.after(ms, () => {
        if (killed || ![...cast.bus.streams.values()].some((stream) => stream.lastPosition === 0) || !random.chance(0.3)) return;
        killed = true;
        for (const name of journals(cast)) cast.process(name)?.kill();
      });
  },
  (cast, random) => {
    reconfigure(cast, random);
    cast.world.after(random.between(0, 200), () => cast.db.outage(random.between(50, 2_000)));
  },
];

/** As a deployment stops a process: it ends what it has begun, within its time. */
const stops: readonly Fault[] = [
  (cast, random) => cast.stop(nameOf(cast, random)),
  (cast) => {
    for (const part of cast.parts) cast.stop(part.name);
  },
];

const cleanStart: Fault = (cast) => {
  cast.cleanAsked = true;
  for (const part of cast.parts) cast.process(part.name)?.kill();
};

const losses: readonly Fault[] = [
  (cast, random) => cast.bus.lose(random.between(50, 2_000)),
  (cast, random) => {
    const stream = present(cast);
    if (stream !== null) cast.bus.powerCut(stream, random.between(1, random.pick([3, 30, 200])), random.between(50, 2_000));
  },
  (cast, random) => {
    const stream = present(cast);
    if (stream !== null) cast.bus.powerCut(stream, random.between(1, 20), random.between(50, 2_000));
  },
  (cast, random) => {
    const stream = present(cast);
    const content = stream === null ? [] : [...(cast.bus.streams.get(stream)?.all() ?? [])];
    if (stream !== null) cast.bus.replace(stream, content.slice(0, random.below(content.length + 1)), random.between(50, 2_000));
  },
];

export const PROFILES = ['calm', 'kills', 'network', 'database', 'handover', 'loss', 'ends', 'everything'] as const;
export type Profile = (typeof PROFILES)[number];

interface Plan {
  readonly faults: readonly Fault[];
  /** Mean time between two faults. */
  readonly everyMs: number;
  readonly killChance: number;
}

const PLANS: Readonly<Record<Profile, Plan>> = {
  calm: { faults: handovers.slice(0, 1), everyMs: 6_000, killChance: 0 },
  kills: { faults: [...kills, ...kills, ...sleeps, ...stops], everyMs: 1_200, killChance: 0.0005 },
  network: { faults: network, everyMs: 1_000, killChance: 0 },
  database: { faults: [...database, ...database, ...kills], everyMs: 1_500, killChance: 0 },
  handover: { faults: [...handovers, ...handovers, ...handovers, cleanStart, ...stops, ...kills], everyMs: 1_500, killChance: 0.0002 },
  ends: { faults: ends, everyMs: 2_500, killChance: 0 },
  loss: { faults: [...losses, ...losses, ...kills], everyMs: 2_500, killChance: 0 },
  everything: {
    faults: [...kills, ...sleeps, ...network, ...database, ...handovers, cleanStart, ...stops, ...losses, ...ends],
    everyMs: 1_000,
    killChance: 0.0003,
  },
};

export const CHAOS_FROM_MS = 2_000;

/** How a cast of this profile is set up: sizes that make rare branches common, twins, clocks that are off. */
export function castOptions(profile: Profile, random: Random): CastOptions {
  const calm = profile === 'calm';
  const small = random.chance(0.5);
  return {
    replicas: random.chance(0.4),
    secondJournal: !calm && random.chance(0.4),
    secondMarket: random.chance(0.4),
    skewMicros: calm ? 2_000 : 150_000,
    runtime: {
      window: small ? random.pick([4, 15, 60]) : 1_000,
      queueEvents: small ? random.pick([60, 400]) : 50_000,
      journalPage: small ? random.pick([7, 50]) : 2_000,
    },
    record: {
      batchRows: random.pick([5, 100]),
      ...random.pick([{ trimSeconds: 1, streamMaxBytes: 400_000 }, { trimSeconds: 4 }, { trimSeconds: 60 }]),
      pendingRows: small ? random.pick([60, 300]) : 40_000,
    },
  };
}

/** Lets faults of the profile happen, each at its seeded time. */
export function planFaults(cast: Cast, profile: Profile, random: Random, untilMs: number): void {
  const plan = PLANS[profile];
  cast.world.after(CHAOS_FROM_MS, () => {
    cast.world.killChanceAtPoints = plan.killChance;
  });
  let at = CHAOS_FROM_MS;
  for (;;) {
    at += random.between(0, plan.everyMs * 2);
    if (at >= untilMs) return;
    const fault = random.pick(plan.faults);
    cast.world.at(at * 1_000, () => {
      cast.world.trace('faults', 'begins one of', profile);
      fault(cast, random);
    });
  }
}

/** No more faults begin; those under way end by themselves. */
export function heal(cast: Cast): void {
  cast.world.forgetKills();
  Object.assign(cast.bus.faults, { drop: 0, double: 0, ghost: 0, onlyGhost: 0 });
}
