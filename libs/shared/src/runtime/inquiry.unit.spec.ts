import { describe, expect, it } from '@jest/globals';
import { Inquiry, type Sent } from './inquiry.ts';
import { Outlet } from './outlet.ts';
import type { Link, StreamInfo } from './ports.ts';

const ASK_AFTER_MS = 250;
const TICK_MS = 50;
const BYTES = Buffer.from('{}');
const VERDICT = 'verdict.BTC';
const GUARD = 'guard';

interface Question {
  readonly answer: (last: number | null) => Promise<void>;
  readonly fail: (why: string) => Promise<void>;
}

/** Two sources that speak over one link; what the stream answers, and what is read of it, the test says. */
function stage() {
  let now = 10_000;
  let position = 100;
  const core = new Outlet('risk');
  const shell = new Outlet('risk/risk0001');
  const questions: Question[] = [];
  const lost: Sent[] = [];
  const failed: string[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const inquiry = new Inquiry({
    outlets: [core, shell],
    stream: 'SESSION_s',
    askAfterMs: ASK_AFTER_MS,
    now: () => now,
    position: () => position,
    lost: (what) => lost.push(what),
    failed: (why) => failed.push(why),
  });
  const newLink = (): Link =>
    ({
      publish: () => {},
      streamInfo: () =>
        new Promise((resolve, reject) => {
          questions.push({
            answer: (last) => {
              resolve(last === null ? null : ({ lastPosition: last } as StreamInfo));
              return settle();
            },
            fail: (why) => {
              reject(new Error(why));
              return settle();
            },
          });
        }),
    }) as unknown as Link;
  const link = newLink();
  inquiry.on(link);
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now += TICK_MS;
      inquiry.tick();
    }
  };
  const say = (outlet: Outlet, subject = VERDICT): void => {
    outlet.offer(outlet.derived(subject.split('.')[0] as string) + 1, subject, BYTES, 1, now);
    outlet.send(link, now, 0);
  };
  const readBack = (outlet: Outlet, subject = VERDICT): void =>
    void outlet.confirm(outlet.taken(subject.split('.')[0] as string) + 1, position, subject, BYTES, now);
  /** Messages are read up to there. */
  const read = (to: number): void => {
    position = to;
    inquiry.read();
  };
  const asked = () => questions.length;
  const last = () => questions.at(-1) as Question;
  /** Answers what is asked from now on with where it is read to, for so long. */
  const passAnswered = async (ms: number): Promise<void> => {
    let seen = asked();
    for (let left = ms; left > 0; left -= TICK_MS) {
      pass(TICK_MS);
      for (; seen < asked(); seen++) await questions[seen]?.answer(position);
    }
  };
  return { inquiry, core, shell, newLink, pass, passAnswered, say, readBack, read, asked, last, lost, failed };
}

describe('an inquiry', () => {
  it('asks nothing while all is read back soon, or nothing was sent', () => {
    const { core, say, pass, readBack, asked } = stage();
    pass(1_000);
    for (let i = 0; i < 20; i++) {
      say(core);
      pass(ASK_AFTER_MS - TICK_MS);
      readBack(core);
    }
    core.offer(21, VERDICT, BYTES, 1, 0);
    pass(1_000);
    expect(asked()).toBe(0);
  });

  it('asks one question at a time for what has been under way for long', () => {
    const { core, shell, say, pass, asked } = stage();
    say(core);
    say(core);
    say(shell, 'service.risk');
    pass(ASK_AFTER_MS - TICK_MS);
    expect(asked()).toBe(0);
    pass(TICK_MS);
    expect(asked()).toBe(1);
    pass(10_000);
    expect(asked()).toBe(1);
  });

  it('calls an output lost that is missing twice in all that the stream holds', async () => {
    const { core, say, pass, asked, last, lost } = stage();
    say(core, GUARD);
    pass(ASK_AFTER_MS);
    await last().answer(100);
    expect([asked(), lost]).toEqual([1, []]);
    pass(ASK_AFTER_MS - TICK_MS);
    expect(asked()).toBe(1);
    pass(TICK_MS);
    expect(asked()).toBe(2);
    await last().answer(100);
    expect(lost).toEqual([{ source: 'risk', root: 'guard', n: 1 }]);
    // Sent again in vain: it is asked for twice again.
    pass(TICK_MS);
    await last().answer(100);
    expect([asked(), lost.length]).toEqual([3, 1]);
  });

  it('waits until the stream is read up to where it ended', async () => {
    const { core, say, pass, passAnswered, last, read, asked, lost } = stage();
    say(core);
    await passAnswered(ASK_AFTER_MS);
    pass(ASK_AFTER_MS);
    await last().answer(105);
    read(104);
    expect([asked(), lost]).toEqual([2, []]);
    read(105);
    expect(lost).toHaveLength(1);
  });

  it('loses nothing that is read back before all that was there is read', async () => {
    const { core, say, pass, passAnswered, readBack, last, read, lost, asked } = stage();
    say(core);
    await passAnswered(ASK_AFTER_MS);
    pass(ASK_AFTER_MS);
    await last().answer(105);
    readBack(core);
    read(105);
    await passAnswered(5_000);
    expect([lost, asked()]).toEqual([[], 2]);
  });

  it('asks twice for each output anew', async () => {
    const { core, say, pass, passAnswered, readBack, last, lost } = stage();
    say(core);
    say(core);
    await passAnswered(ASK_AFTER_MS);
    readBack(core);
    pass(ASK_AFTER_MS);
    await last().answer(100);
    expect(lost).toEqual([]);
    await passAnswered(ASK_AFTER_MS);
    expect(lost).toEqual([{ source: 'risk', root: 'verdict', n: 2 }]);
  });

  it('does not take the same number in another root for the same output', async () => {
    const { core, say, passAnswered, readBack, lost } = stage();
    say(core);
    say(core, GUARD);
    await passAnswered(ASK_AFTER_MS);
    readBack(core);
    await passAnswered(ASK_AFTER_MS);
    expect(lost).toEqual([]);
    await passAnswered(ASK_AFTER_MS);
    expect(lost).toEqual([{ source: 'risk', root: 'guard', n: 1 }]);
  });

  it('loses what is missing though the stream ends with what is not read here: nothing more was read for long', async () => {
    const { core, say, pass, last, lost, asked } = stage();
    say(core);
    for (const question of [1, 2]) {
      pass(ASK_AFTER_MS);
      expect(asked()).toBe(question);
      await last().answer(105);
      pass(ASK_AFTER_MS);
    }
    expect(lost).toEqual([{ source: 'risk', root: 'verdict', n: 1 }]);
  });

  it('is not impatient while something is read, however far the end is', async () => {
    const { core, say, pass, passAnswered, last, read, lost } = stage();
    say(core);
    await passAnswered(ASK_AFTER_MS);
    pass(ASK_AFTER_MS);
    await last().answer(1_000);
    for (let position = 101; position < 150; position++) {
      read(position);
      pass(ASK_AFTER_MS - TICK_MS);
    }
    expect(lost).toEqual([]);
    pass(ASK_AFTER_MS);
    expect(lost).toHaveLength(1);
  });

  it('concludes nothing from silence before the stream has answered', async () => {
    const { core, say, pass, passAnswered, lost, readBack, read, last } = stage();
    say(core);
    await passAnswered(ASK_AFTER_MS);
    pass(60_000);
    expect(lost).toEqual([]);
    await last().answer(101);
    readBack(core);
    read(101);
    pass(10_000);
    expect(lost).toEqual([]);
  });

  it('counts silence from when the stream has answered: what holds the answer up holds up what is read', async () => {
    const { core, say, pass, passAnswered, lost, last } = stage();
    say(core);
    await passAnswered(ASK_AFTER_MS);
    pass(ASK_AFTER_MS);
    pass(3_000);
    await last().answer(105);
    pass(ASK_AFTER_MS - TICK_MS);
    expect(lost).toEqual([]);
    pass(TICK_MS);
    expect(lost).toHaveLength(1);
  });

  it('finds what two sources miss, though each is asked after while the other is suspected', async () => {
    const { core, shell, say, passAnswered, lost } = stage();
    say(core);
    say(shell, 'service.risk');
    await passAnswered(3 * ASK_AFTER_MS);
    expect(lost).toEqual([
      { source: 'risk', root: 'verdict', n: 1 },
      { source: 'risk/risk0001', root: 'service', n: 1 },
    ]);
  });

  it('asks after another source while it waits to ask again after the first', async () => {
    const { core, shell, say, pass, last, asked } = stage();
    say(core);
    say(shell, 'service.risk');
    pass(ASK_AFTER_MS);
    await last().answer(100);
    pass(TICK_MS);
    expect(asked()).toBe(2);
    await last().answer(100);
    pass(TICK_MS);
    expect(asked()).toBe(2);
  });

  it('has nobody to ask without a connection, and heeds no answer of an earlier one', async () => {
    const { inquiry, core, newLink, say, pass, last, asked, lost, failed } = stage();
    say(core);
    pass(ASK_AFTER_MS);
    const question = last();
    inquiry.on(null);
    pass(10_000);
    expect(asked()).toBe(1);
    inquiry.on(newLink());
    pass(TICK_MS);
    expect(asked()).toBe(2);
    await question.answer(100);
    pass(10_000);
    expect([asked(), lost, failed]).toEqual([2, [], []]);
  });

  it('says nothing of the end of a connection that is no longer used', async () => {
    const { inquiry, core, newLink, say, pass, last, failed } = stage();
    for (const end of [(one: Question) => one.fail('connection reset'), (one: Question) => one.answer(null)]) {
      say(core);
      pass(ASK_AFTER_MS);
      const question = last();
      inquiry.on(newLink());
      await end(question);
    }
    expect(failed).toEqual([]);
  });

  it('says so when the stream is gone or cannot be asked', async () => {
    for (const [end, why] of [
      [(one: Question) => one.answer(null), 'stream SESSION_s is gone'],
      [(one: Question) => one.fail('no answer within 5 s'), 'no answer within 5 s'],
    ] as const) {
      const { core, say, pass, last, failed, lost } = stage();
      say(core);
      pass(ASK_AFTER_MS);
      await end(last());
      expect([failed, lost]).toEqual([[why], []]);
    }
  });
});
