import type { Time } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { letter } from '../../testing/letters.ts';
import { type Channel, ChannelError } from '../channels/channel.ts';
import type { Outcome } from '../letter.ts';
import { Dispatcher, NotMine } from './dispatcher.ts';

/** Time that a test moves: what waits is called in its order, as soon as nothing else is to be done. */
class TestTime implements Time {
  now = 0;
  private waiting: { readonly at: number; readonly call: () => void }[] = [];
  monotonicMs = () => this.now;
  wallMicros = () => this.now * 1000;
  after(ms: number, call: () => void) {
    const entry = { at: this.now + ms, call };
    this.waiting.push(entry);
    return () => {
      this.waiting = this.waiting.filter((other) => other !== entry);
    };
  }
  /** Until the promise settles. */
  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const settled = work.finally(() => {
      over = true;
    });
    settled.catch(() => {});
    while (!over) {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      if (over) break;
      const next = this.waiting.sort((a, b) => a.at - b.at).shift();
      if (next === undefined) throw new Error('nothing waits, and nothing happens');
      this.now = Math.max(this.now, next.at);
      next.call();
    }
    return settled;
  }
}

type Answer = 'taken' | 'partly' | 'trouble' | 'refused' | 'hang' | number;

class Bench {
  readonly time = new TestTime();
  readonly tried: string[] = [];
  readonly failed: Outcome[] = [];
  mayAct = true;
  readonly answers: Record<string, Answer> = {};
  readonly dispatcher: Dispatcher;

  constructor(names: readonly string[], fallback: Record<string, readonly string[]> = { telegram: ['slack', 'email'] }) {
    const channels = new Map(['log', ...names].map((name) => [name, this.channel(name)]));
    this.dispatcher = new Dispatcher({ channels, fallback, time: this.time, mayAct: () => this.mayAct, changed: () => {} });
  }

  private channel(name: string): Channel {
    return {
      name,
      deliver: async (_, tries, signal, partly) => {
        this.tried.push(`${name} ${tries} @${this.time.now}`);
        const answer = this.answers[name] ?? 'taken';
        if (answer === 'partly') partly?.(`${name} refused lee`);
        if (answer === 'trouble') throw new ChannelError(`${name} is in trouble`);
        if (answer === 'refused') throw new ChannelError(`${name} refuses`, { final: true });
        if (typeof answer === 'number') throw new ChannelError(`${name} asks for patience`, { retryAfterMs: answer });
        if (answer === 'hang')
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(new ChannelError(`${name} hangs`)), { once: true }),
          );
      },
    };
  }

  deliver(meant = 'telegram', channels: readonly string[] = ['telegram', 'store']): Promise<Outcome> {
    return this.time.run(this.dispatcher.deliver(letter({ channels }), meant, (outcome) => this.failed.push(outcome)));
  }
}

describe('a message', () => {
  it('is sent once where some get it and some do not, and its outcome says who', async () => {
    const bench = new Bench(['email']);
    bench.answers.email = 'partly';
    expect(await bench.deliver('email')).toMatchObject({ channel: 'email', state: 'sent', tries: 1, detail: 'email refused lee' });
    expect(bench.tried).toEqual(['email 1 @0']);
  });

  it('is sent at once where its channel takes it', async () => {
    const bench = new Bench(['telegram']);
    expect(await bench.deliver()).toEqual({ id: 'a200', key: 'VN-002/upbit', channel: 'telegram', state: 'sent', tries: 1, detail: null });
    expect(bench.tried).toEqual(['telegram 1 @0']);
  });

  it('is tried three times with growing pauses, then goes to the next of the chain, which says for whom', async () => {
    const bench = new Bench(['telegram', 'slack', 'email']);
    bench.answers.telegram = 'trouble';
    expect(await bench.deliver()).toMatchObject({
      channel: 'slack',
      instead: 'telegram',
      state: 'sent',
      tries: 4,
      detail: 'telegram is in trouble',
    });
    expect(bench.tried).toEqual(['telegram 1 @0', 'telegram 2 @500', 'telegram 3 @1500', 'slack 1 @1500']);
    expect(bench.failed).toMatchObject([{ channel: 'telegram', state: 'failed', tries: 3 }]);
  });

  it('that hangs is given up after three seconds a try', async () => {
    const bench = new Bench(['telegram', 'slack']);
    bench.answers.telegram = 'hang';
    expect(await bench.deliver()).toMatchObject({ channel: 'slack' });
    expect(bench.tried).toEqual(['telegram 1 @0', 'telegram 2 @3500', 'telegram 3 @7500', 'slack 1 @10500']);
  });

  it('is not tried again where it is refused for good, nor sent twice to a channel that it goes to anyway', async () => {
    const bench = new Bench(['telegram', 'slack', 'email']);
    bench.answers.telegram = 'refused';
    expect(await bench.deliver('telegram', ['telegram', 'slack'])).toMatchObject({ channel: 'email', instead: 'telegram' });
    expect(bench.tried).toEqual(['telegram 1 @0', 'email 1 @0']);
  });

  it('waits as long as it is asked to, and goes on where that is too long', async () => {
    const bench = new Bench(['telegram', 'slack']);
    bench.answers.telegram = 2_000;
    await bench.deliver();
    expect(bench.tried).toEqual(['telegram 1 @0', 'telegram 2 @2000', 'telegram 3 @4000', 'slack 1 @4000']);
    bench.answers.telegram = 60_000;
    await bench.deliver();
    expect(bench.tried.slice(4)).toEqual(['telegram 1 @4000', 'slack 1 @4000']);
    await bench.deliver();
    expect(bench.tried.slice(6)).toEqual(['slack 1 @4000']);
    expect(bench.dispatcher.broken()).toEqual([{ channel: 'telegram', why: 'telegram asks for patience' }]);
  });

  it('is a dead letter where no channel of its chain took it, with every reason', async () => {
    const bench = new Bench(['telegram', 'slack']);
    bench.answers.telegram = 'refused';
    bench.answers.slack = 'refused';
    expect(await bench.deliver()).toMatchObject({ channel: 'telegram', state: 'dead-lettered', detail: 'telegram refuses; slack refuses' });
  });

  it('goes to the log where no channel is set up at all', async () => {
    const bench = new Bench([]);
    expect(await bench.deliver()).toMatchObject({ channel: 'log', instead: 'telegram', state: 'sent' });
    expect(bench.tried).toEqual(['log 1 @0']);
  });

  it('is neither sent nor given up once another process may act', async () => {
    const bench = new Bench(['telegram']);
    bench.mayAct = false;
    await expect(bench.deliver()).rejects.toThrow(NotMine);
    expect(bench.tried).toEqual([]);
  });

  it('of a day goes by mail', async () => {
    const bench = new Bench(['telegram', 'email']);
    expect(await bench.deliver('summary', ['summary'])).toMatchObject({ channel: 'email', instead: 'summary', state: 'sent' });
  });
});

describe('a channel', () => {
  it('is left alone after five failures in a row, tried once after half a minute, and back when that goes well', async () => {
    const bench = new Bench(['telegram', 'slack']);
    bench.answers.telegram = 'trouble';
    await bench.deliver();
    expect(bench.dispatcher.broken()).toEqual([]);
    await bench.deliver();
    expect(bench.tried.filter((text) => text.startsWith('telegram'))).toHaveLength(5);
    expect(bench.dispatcher.broken()).toMatchObject([{ channel: 'telegram' }]);
    await bench.deliver();
    expect(bench.tried.filter((text) => text.startsWith('telegram'))).toHaveLength(5);
    bench.time.now += 30_000;
    await bench.deliver();
    expect(bench.tried.filter((text) => text.startsWith('telegram'))).toHaveLength(6);
    bench.answers.telegram = 'taken';
    await bench.deliver();
    expect(bench.tried.filter((text) => text.startsWith('telegram'))).toHaveLength(6);
    bench.time.now += 30_000;
    expect(await bench.deliver()).toMatchObject({ channel: 'telegram', state: 'sent' });
    expect(bench.dispatcher.broken()).toEqual([]);
  });
});
