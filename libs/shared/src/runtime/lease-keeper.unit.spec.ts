import { CATALOG, type EventType, encodeEvent } from '@arb/shared/contracts';
import { Intake, LEASE_MICROS, LeaseKeeper, type StreamMessage } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const START = 1_700_000_000_000_000;

/** One stream, its clock, and as many processes as a test wants; time passes only when the test says so. */
class Stage {
  now = 0;
  readonly log: StreamMessage[] = [];
  private readonly numbers = new Map<string, number>();

  constructor() {
    this.keep('session.started', 'session.started', 'journal/journal01', {
      config: {},
      configHash: '0'.repeat(64),
      seed: '',
      versions: {},
      boot: 'journal01',
      mode: 'ACTIVE',
      parent: null,
      snapshots: {},
    });
  }

  clock(): void {
    this.keep('clock', 'clock', 'journal/journal01', { fill: 0, committed: 0, committedAt: null });
  }

  lease(boot: string, act: string, term: number): void {
    this.keep('lease', 'lease.alerting', `alerting/${boot}`, { service: 'alerting', boot, term, act });
  }

  private keep(type: EventType, subject: string, source: string, data: unknown): void {
    const lane = `${CATALOG[type].root} ${source}`;
    const n = (this.numbers.get(lane) ?? 0) + 1;
    this.numbers.set(lane, n);
    const header = { n, source, session: 's', type, v: 1, at: START + this.now * 1_000, cause: null };
    this.log.push({ position: this.log.length + 1, storedAt: 0, subject, bytes: Buffer.from(encodeEvent(header, data)) });
  }
}

/** A process that says, reads and ticks when it is told to. */
class Process {
  readonly boot: string;
  readonly keeper: LeaseKeeper;
  readonly changes: boolean[] = [];
  readonly outbox: { readonly act: string; readonly term: number }[] = [];
  private readonly stage: Stage;
  private readonly intake = new Intake('s', new Set());
  private read = 0;
  canSay = true;

  constructor(stage: Stage, boot: string) {
    this.stage = stage;
    this.boot = boot;
    this.keeper = new LeaseKeeper({
      service: 'alerting',
      boot,
      time: { monotonicMs: () => stage.now, wallMicros: () => 0, after: () => () => {} },
      turns: this.intake.turns,
      say: (act, term) => {
        if (this.canSay) this.outbox.push({ act, term });
        return this.canSay;
      },
      changed: (held) => this.changes.push(held),
    });
  }

  send(most = Number.POSITIVE_INFINITY): void {
    for (const { act, term } of this.outbox.splice(0, most)) this.stage.lease(this.boot, act, term);
  }

  hear(most = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < most && this.read < this.stage.log.length; i++) {
      const judgement = this.intake.judge(this.stage.log[this.read++] as StreamMessage);
      const event = this.intake.event;
      if (judgement !== 'taken' || event?.type !== 'lease') continue;
      this.keeper.heard(event.data.boot, event.data.act);
      if (event.source === `alerting/${this.boot}`) this.keeper.readBack(event.data.act, event.data.term);
    }
  }

  /** Goes on from a state that was kept at the end of the stream: what led to it is not heard. */
  join(): void {
    for (; this.read < this.stage.log.length; this.read++) this.intake.judge(this.stage.log[this.read] as StreamMessage);
  }

  /** Says, sends and reads without delay. */
  turn(): void {
    this.hear();
    this.keeper.tick();
    this.send();
    this.hear();
  }
}

function alone(): { stage: Stage; first: Process } {
  const stage = new Stage();
  return { stage, first: new Process(stage, 'first001') };
}

/** Lets time pass in steps of 50 ms, the clock with it. */
function pass(stage: Stage, ms: number, ...processes: readonly Process[]): void {
  for (const end = stage.now + ms; stage.now < end; ) {
    stage.now += 50;
    if (stage.now % 100 === 0) stage.clock();
    for (const process of processes) process.turn();
  }
}

describe('lease keeper', () => {
  it('claims a free lease, holds it once it has read that back, and says so once', () => {
    const { first } = alone();
    first.hear();
    first.keeper.tick();
    expect([first.outbox, first.keeper.holds()]).toEqual([[{ act: 'claim', term: 1 }], false]);
    first.send();
    first.hear();
    expect([first.keeper.holds(), first.changes]).toEqual([true, [true]]);
  });

  it('keeps it without a break for as long as it ticks and reads, and nobody else gets it', () => {
    const { stage, first } = alone();
    const second = new Process(stage, 'second02');
    first.turn();
    pass(stage, 10_000, first, second);
    expect([first.changes, second.changes, first.keeper.holds(), second.keeper.holds()]).toEqual([[true], [], true, false]);
  });

  it('trusts a renewal for one second after it was said, not after it came back', () => {
    const { stage, first } = alone();
    first.keeper.tick();
    first.send();
    // Its claim comes back late, and no renewal ever does.
    const heldAt: number[] = [];
    while (stage.now < 2_500) {
      stage.now += 50;
      first.keeper.tick();
      if (stage.now === 700) first.hear();
      if (first.keeper.holds()) heldAt.push(stage.now);
    }
    expect([heldAt[0], heldAt.at(-1)]).toEqual([700, 950]);
    expect(first.changes).toEqual([true, false]);
  });

  it('holds nothing after a pause of more than 500 ms, before anything tells it', () => {
    const { stage, first } = alone();
    first.turn();
    stage.now += 500;
    expect(first.keeper.holds()).toBe(true);
    stage.now += 1;
    expect(first.keeper.holds()).toBe(false);
    first.keeper.tick();
    expect([first.keeper.holds(), first.changes]).toEqual([false, [true, false]]);
    first.send();
    first.hear();
    expect(first.keeper.holds()).toBe(true);
  });

  it('asks again where it could not be said', () => {
    const { first } = alone();
    first.canSay = false;
    first.turn();
    first.canSay = true;
    first.turn();
    expect(first.keeper.holds()).toBe(true);
  });

  it('hands over at once when it is released', () => {
    const { stage, first } = alone();
    const second = new Process(stage, 'second02');
    first.turn();
    second.turn();
    first.keeper.release();
    expect([first.keeper.holds(), first.changes]).toEqual([false, [true, false]]);
    first.send();
    second.turn();
    expect(second.keeper.holds()).toBe(true);
  });

  it('goes to another only after the lease has ended by the clock', () => {
    const { stage, first } = alone();
    const second = new Process(stage, 'second02');
    first.turn();
    pass(stage, LEASE_MICROS / 1_000 - 50, second);
    expect(second.keeper.holds()).toBe(false);
    pass(stage, 600, second);
    expect(second.keeper.holds()).toBe(true);
    first.hear();
    expect(first.keeper.holds()).toBe(false);
  });

  it('waits for the trust of a holder that it has heard, though the clock stood still and then jumped', () => {
    const { stage, first } = alone();
    const second = new Process(stage, 'second02');
    first.turn();
    // No clock for 1.4 s: the last renewal ends two seconds after the first claim.
    while (stage.now < 1_400) {
      stage.now += 50;
      first.turn();
      second.turn();
    }
    stage.clock();
    let handedOver = 0;
    while (handedOver === 0 && stage.now < 5_000) {
      // Cut off from now on: it ticks, and neither reads nor is heard.
      stage.now += 50;
      stage.clock();
      first.keeper.tick();
      second.turn();
      expect([stage.now, first.keeper.holds() && second.keeper.holds()]).toEqual([stage.now, false]);
      if (second.keeper.holds()) handedOver = stage.now;
    }
    expect(handedOver).toBeGreaterThan(0);
  });

  it('is not released by who still waits for another: the next one would not wait', () => {
    for (const joins of [false, true]) {
      const { stage, first } = alone();
      const second = new Process(stage, 'second02');
      first.turn();
      while (stage.now < 2_000) {
        stage.now += 50;
        first.turn();
        second.turn();
      }
      // The clock stood still and jumps; cut off from now on, the first one trusts in its last renewal.
      stage.clock();
      second.turn();
      second.turn();
      second.keeper.release();
      second.send();
      const third = new Process(stage, 'third003');
      if (joins) third.join();
      let heldAt = 0;
      while (heldAt === 0 && stage.now < 8_000) {
        third.turn();
        expect([stage.now, first.keeper.holds() && third.keeper.holds()]).toEqual([stage.now, false]);
        if (third.keeper.holds()) heldAt = stage.now;
        stage.now += 50;
        stage.clock();
        first.keeper.tick();
      }
      expect(heldAt).toBeGreaterThan(0);
    }
  });

  it('trusts in each renewal from when that one was said, though others like it are under way', () => {
    const { stage, first } = alone();
    first.turn();
    const tickAt = (now: number): void => {
      stage.now = now;
      first.keeper.tick();
    };
    tickAt(300);
    tickAt(600);
    first.send();
    first.hear(1);
    tickAt(900);
    // The one of 600 comes back when that of 900 has been said.
    first.hear(1);
    tickAt(1_300);
    stage.now = 1_599;
    expect(first.keeper.holds()).toBe(true);
    stage.now = 1_600;
    expect(first.keeper.holds()).toBe(false);
  });

  it('says no more than so much that does not come back, and goes on once it does', () => {
    const { stage, first } = alone();
    first.hear();
    for (; stage.now < 60_000; stage.now += 50) first.keeper.tick();
    expect(first.outbox).toHaveLength(16);
    first.send();
    first.hear();
    first.turn();
    expect(first.keeper.holds()).toBe(true);
  });

  it('never holds while another may, whatever is late, slow or paused, whatever the clock does', () => {
    const step = fc.record({
      who: fc.nat(1),
      what: fc.constantFrom('tick', 'tick', 'tick', 'turn', 'turn', 'send', 'hear', 'hear one', 'clock', 'clock', 'release'),
      ms: fc.oneof({ weight: 9, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(2_500) }),
    });
    let bothHaveHeld = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 250, size: 'max' }), (steps) => {
        const stage = new Stage();
        const processes = [new Process(stage, 'first001'), new Process(stage, 'second02')];
        let boots = 10;
        const held = new Set<number>();
        for (const { who, what, ms } of steps) {
          stage.now += ms;
          const process = processes[who] as Process;
          if (what === 'tick') process.keeper.tick();
          else if (what === 'turn') process.turn();
          else if (what === 'send') process.send(1);
          else if (what === 'hear') process.hear();
          else if (what === 'hear one') process.hear(1);
          else if (what === 'clock') stage.clock();
          else if (what === 'release' && ms < 20) {
            process.keeper.release();
            process.send();
            const next = new Process(stage, `restart${boots++}`);
            if (ms % 2 === 0) next.join();
            processes[who] = next;
          }
          const holding = processes.map(({ keeper }) => keeper.holds());
          if (holding[0] && holding[1]) throw new Error(`both hold at ${stage.now} ms`);
          for (const [i, holds] of holding.entries()) if (holds) held.add(i);
        }
        if (held.size === 2) bothHaveHeld++;
      }),
      { numRuns: 100 },
    );
    // The schedules are worth something only when the lease did go from one to the other in many of them.
    expect(bothHaveHeld).toBeGreaterThan(5);
  });
});
