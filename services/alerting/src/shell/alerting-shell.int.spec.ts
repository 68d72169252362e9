import type { AnyEvent, DataOf, EventType } from '@arb/shared/contracts';
import { realTime } from '@arb/shared/hosting';
import type { ShellContext } from '@arb/shared/runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newStanding, type Standing, takeGuard, takePosition } from '../core/standing.ts';
import type { Trouble } from '../core/trouble.ts';
import { type RedisServer, type Request, type Scripted, scriptedServer, startRedis } from '../testing/index.ts';
import { letter } from '../testing/letters.ts';
import { AlertingShell } from './alerting-shell.ts';
import { channelsOf } from './channels/index.ts';
import { queueKeys } from './queue/keys.ts';
import { RedisQueue } from './queue/redis-queue.ts';

const TOKEN = '123456:very-secret-token';
const WALL = Date.now();
let redis: RedisServer;
let server: Scripted;
beforeAll(async () => {
  [redis, server] = await Promise.all([startRedis(), scriptedServer()]);
});
afterAll(() => Promise.all([redis.stop(), server.stop()]));

interface Said {
  readonly type: EventType;
  readonly words: readonly string[];
  readonly data: unknown;
}

/** One session as the runtime shows it to a shell: what is said comes back as an event, once the stream takes it. */
class Bench {
  readonly said: Said[] = [];
  readonly logged: string[] = [];
  readonly left = new Map<string, { readonly alert: DataOf<'alert'>; left: string[] }>();
  /** What the core knows, from before this process too. */
  readonly standing: Standing = newStanding();
  open: readonly Pick<Trouble, 'key' | 'severity' | 'acknowledged'>[] = [];
  position = 100;
  committed = 1_000_000;
  lease = true;
  takes = true;
  readonly shell: AlertingShell;
  private readonly waiting: { readonly fits: () => boolean; readonly done: () => void }[] = [];
  private readonly session = `s${Math.floor(Math.random() * 1e9)}`;

  constructor(settings: { readonly telegram?: boolean; readonly slack?: boolean } = {}) {
    const log = (_: string, message: string, fields?: object): void => void this.logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
    const infrastructure = {
      telegramToken: settings.telegram === false ? null : TOKEN,
      telegramUrl: server.url,
      telegramChats: '42,43',
      slackWebhook: settings.slack === false ? null : `${server.url}/slack/${TOKEN}`,
      smtpUrl: null,
      mailTo: '',
      mailFrom: '',
      alertmanagerUrl: null,
      dashboardUrl: null,
      runbookUrl: null,
    };
    this.shell = new AlertingShell({
      channels: channelsOf(infrastructure as never, log as never, async () => []),
      makeRedis: (session, boot) => new RedisQueue(redis.url, queueKeys('test', session), boot),
      backlog: async () => [],
      ping: null,
      sealed: () => {},
      time: realTime,
      log: log as never,
    });
  }

  live(): void {
    const context: ShellContext = {
      session: this.session,
      boot: 'abcdefgh',
      time: realTime,
      config: { alerting: { rules: { fallback: { telegram: ['slack'] } } } },
      core: {
        undelivered: () => this.left.values(),
        leftOf: (id: string) => this.left.get(id)?.left ?? [],
        standing: () => this.standing,
        openTroubles: (target?: string) => this.open.filter(({ key }) => target === undefined || key === target),
      } as never,
      say: (type, words, data) => this.say(type, words, data),
      room: () => 1000,
      holdsLease: () => this.lease,
      fill: () => 0,
      committed: () => this.committed,
    };
    this.shell.onLive(context);
    this.shell.onLease(true);
  }

  private say(type: EventType, words: readonly string[], data: unknown): boolean {
    if (!this.takes) return false;
    this.said.push({ type, words, data });
    if (type === 'alert.delivery') {
      const { id, channel, instead, state } = data as DataOf<'alert.delivery'>;
      const open = this.left.get(id);
      if (open !== undefined && state !== 'failed') open.left = open.left.filter((name) => name !== (instead ?? channel));
    }
    this.event(type, words, data);
    for (const { fits, done } of this.waiting) if (fits()) done();
    return true;
  }

  /** As the stream brings it. */
  event(type: EventType, words: readonly string[], data: unknown): void {
    const header = { n: 1, source: 'x', session: this.session, type, v: 1, at: WALL * 1000, cause: 7, basis: [5] };
    const subject = [type.startsWith('alert') ? 'alert' : type === 'service.heartbeat' ? 'service' : type, ...words].join('.');
    this.shell.onEvent({ ...header, subject, position: ++this.position, data } as unknown as AnyEvent, true);
  }

  raise(change: Partial<DataOf<'alert'>> = {}): void {
    const { alert } = letter({ id: `a${this.position}`, channels: ['telegram', 'store'], ...change }, 1);
    this.left.set(alert.id, { alert, left: (alert.channels ?? []).filter((name) => name !== 'store') });
    this.event('alert', ['p1'], alert);
  }

  until(fits: () => boolean): Promise<void> {
    if (fits()) return Promise.resolve();
    return new Promise((done) => this.waiting.push({ fits, done }));
  }

  outcomes(): readonly string[] {
    return this.said
      .filter(({ type }) => type === 'alert.delivery')
      .map(({ data }) => {
        const { id, channel, state } = data as DataOf<'alert.delivery'>;
        return `${id} ${channel} ${state}`;
      });
  }
}

let bench: Bench;
/** What was written to the bot: told until it is asked for what comes after; then it waits like the real one. */
let updates: { readonly update_id: number }[] = [];
beforeEach(() => {
  server.forget();
  updates = [];
  server.answer(({ path, body }) => {
    if (!path.endsWith('/getUpdates')) return null;
    const { offset } = body as { offset: number };
    const found = updates.filter((update) => update.update_id >= offset);
    return found.length === 0 ? 'hang' : { status: 200, body: { ok: true, result: found } };
  });
});
afterEach(() => bench.shell.onEnd());

const sentTo = (chat: string) => (request: Request) =>
  request.path.endsWith('/sendMessage') && (request.body as { chat_id: string }).chat_id === chat;
const textOf = ({ body }: Request) => (body as { text: string }).text;
const write = (text: string, chat = 42, id = 1) => ({
  update_id: id,
  message: { date: Date.now() / 1000, text, chat: { id: chat }, from: { id: 7, username: 'kim' } },
});

describe('an alert', () => {
  it('is brought to its channels once it is in the journal, and the stream is told of each', async () => {
    bench = new Bench();
    bench.committed = 100;
    bench.live();
    bench.raise({ id: 'early', channels: ['telegram', 'slack', 'store'] });
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.outcomes()).toEqual([]);
    bench.committed = 1_000;
    await bench.until(() => bench.outcomes().length === 2);
    expect([...bench.outcomes()].sort()).toEqual(['early slack sent', 'early telegram sent']);
  });

  it('waits for the lease, and for a stream that takes outcomes', async () => {
    bench = new Bench();
    bench.lease = false;
    bench.takes = false;
    bench.live();
    bench.raise({ id: 'patient' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.requests).toEqual([]);
    bench.lease = true;
    await server.until(1, (request) => sentTo('43')(request) && textOf(request).includes('patient'));
    expect(bench.outcomes()).toEqual([]);
    bench.takes = true;
    await bench.until(() => bench.outcomes().includes('patient telegram sent'));
  });

  it('that the core remembers from before this process is delivered, though nobody knows where it stood', async () => {
    bench = new Bench();
    const { alert } = letter({ id: 'before', channels: ['telegram'] });
    bench.left.set('before', { alert, left: ['telegram'] });
    bench.live();
    await bench.until(() => bench.outcomes().includes('before telegram sent'));
  });

  it('that no channel takes is a dead letter, told of on the stream, and sent once more when somebody asks', async () => {
    bench = new Bench({ slack: false });
    server.answer(({ path }) => (path.endsWith('/getUpdates') ? 'hang' : { status: 400 }));
    bench.live();
    bench.raise({ id: 'dead' });
    await bench.until(() => bench.outcomes().includes('dead telegram dead-lettered'));
    await bench.until(() => bench.said.some(({ type, data }) => type === 'alert.queue' && (data as DataOf<'alert.queue'>).dead > 0));
    const { Redis } = await import('ioredis');
    const admin = new Redis(redis.url);
    const keys = queueKeys('test', 'all');
    let buried: [string, string[]][] = [];
    while (buried.length === 0) buried = await admin.xrange(keys.dead, '-', '+');
    server.answer(({ path }) => (path.endsWith('/getUpdates') ? 'hang' : null));
    // What this version cannot read stands in nobody's way.
    for (const body of ['of a version to come', '{"alert":7}', 'null']) await admin.xadd(keys.again, '*', 'a', body);
    await admin.xadd(keys.again, '*', 'a', (buried[0] as [string, string[]])[1][1] as string);
    await bench.until(() => bench.outcomes().includes('dead telegram sent'));
    while ((await admin.xlen(keys.again)) > 0);
    await admin.flushall();
    admin.disconnect();
  });

  it('and all that is said and logged never hold a secret', async () => {
    bench = new Bench();
    server.answer(({ path }) =>
      path.endsWith('/getUpdates') ? { status: 401, body: TOKEN } : { status: 403, body: `forbidden ${TOKEN}` },
    );
    bench.live();
    bench.raise({ id: 'secret', channels: ['telegram', 'slack'] });
    await bench.until(() => bench.outcomes().filter((text) => text.includes('dead-lettered')).length === 2);
    expect(JSON.stringify([bench.said, bench.logged])).not.toContain(TOKEN);
  });
});

describe('a command by Telegram', () => {
  const zero = { amount: '0', currency: 'USDT' };
  const guard = { rule: null, closed: [], exposure: zero, dailyPnl: zero, equity: zero, drawdown: zero, numbers: {} };

  it('becomes an event, and is confirmed only when that is in the journal', async () => {
    bench = new Bench();
    bench.committed = 0;
    updates = [write('/halt too wild', 42, 9)];
    bench.live();
    await bench.until(() => bench.said.some(({ type }) => type === 'command'));
    expect(bench.said.find(({ type }) => type === 'command')).toEqual({
      type: 'command',
      words: ['halt'],
      data: { id: 'telegram-9', by: 'telegram:kim', why: 'too wild' },
    });
    const confirmed = (request: Request) => sentTo('42')(request) && textOf(request).startsWith('halt is given');
    expect(server.requests.some(confirmed)).toBe(false);
    bench.committed = 1_000_000;
    const [answer] = await server.until(1, confirmed);
    expect(textOf(answer as Request)).toMatch(/halt is given: event s\d+:\d+$/);
  });

  it.each([
    ['ACTIVE', /event s\d+:\d+\. Trading goes on, .*\/reduceonly/],
    ['REDUCE_ONLY', /event s\d+:\d+$/],
  ] as const)('to close all says whether trading goes on: %s', async (mode, says) => {
    bench = new Bench();
    takeGuard(bench.standing, { ...guard, mode, why: '' });
    updates = [write('/flatten')];
    bench.live();
    const [answer] = await server.until(1, (request) => sentTo('42')(request) && textOf(request).startsWith('flatten is given'));
    expect(textOf(answer as Request)).toMatch(says);
  });

  it.each([
    ['/reduceonly', 'reduce-only', {}],
    ['/flatten BTC', 'flatten', { target: 'BTC' }],
    ['/ack@arb_bot VN-002/upbit', 'ack', { target: 'VN-002/upbit' }],
  ])('%s is the command %s', async (text, what, fields) => {
    bench = new Bench();
    bench.open = [{ key: 'VN-002/upbit', severity: 'P1', acknowledged: false }];
    updates = [write(text)];
    bench.live();
    await bench.until(() => bench.said.some(({ type }) => type === 'command'));
    expect(bench.said.find(({ type }) => type === 'command')).toMatchObject({ words: [what], data: fields });
  });

  it('of a chat that is not allowed is not obeyed, and not answered', async () => {
    bench = new Bench();
    updates = [write('/halt', 666, 1), write('/status', 666, 2), write('/status', 42, 3)];
    bench.live();
    await server.until(1, sentTo('42'));
    expect(bench.said.some(({ type }) => type === 'command')).toBe(false);
    expect(server.requests.some(sentTo('666'))).toBe(false);
    expect(bench.logged.join()).toContain('not allowed');
  });

  it('that was written long ago is not obeyed, and the person is told', async () => {
    bench = new Bench();
    const old = write('/halt');
    old.message.date -= 600;
    updates = [old];
    bench.live();
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('was not obeyed'));
    expect(bench.said.some(({ type }) => type === 'command')).toBe(false);
  });

  it('that the stream does not take is said to be not given', async () => {
    bench = new Bench();
    bench.takes = false;
    updates = [write('/halt')];
    bench.live();
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('NOT given'));
  });

  it('to acknowledge what is not open is no command: the person is told so', async () => {
    bench = new Bench();
    updates = [write('/ack <b>VN-002')];
    bench.live();
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).startsWith('nothing is open under &lt;b&gt;VN-002'));
    expect(bench.said.some(({ type }) => type === 'command')).toBe(false);
  });

  it('that is told once more is given once: by the same process, and by the one after it', async () => {
    bench = new Bench();
    server.answer(({ path }) => {
      if (!path.endsWith('/getUpdates')) return null;
      const found = updates;
      updates = [];
      return found.length === 0 ? 'hang' : { status: 200, body: { ok: true, result: found } };
    });
    // As the stream brings it while this process catches up.
    bench.event('command', ['halt'], { id: 'telegram-8', by: 'telegram:kim', why: 'x' });
    updates = [write('/halt', 42, 8), write('/halt', 42, 9), write('/halt', 42, 9), write('/halt', 42, 8), write('/status', 42, 10)];
    bench.live();
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('halt was given already'));
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('no alert is open'));
    expect(bench.said.flatMap(({ type, data }) => (type === 'command' ? [(data as { id: string }).id] : []))).toEqual(['telegram-9']);
  });

  it('asks how things are and what is open', async () => {
    bench = new Bench();
    bench.live();
    const trip = { coin: 'BTC', state: 'OPEN', quantity: '0.5', pnl: null, parts: {}, why: '' } as const;
    takeGuard(bench.standing, { ...guard, mode: 'HALTED', why: 'kim said so <&>' });
    takePosition(bench.standing, { ...trip, route: { buy: 'upbit', sell: 'binance' }, trip: 'BTC-1' });
    bench.open = Array.from({ length: 60 }, (_, i) => ({ key: `VN-002/${'<&>'.repeat(60)}${i}`, severity: 'P1', acknowledged: false }));
    updates = [write('/status', 42, 1), write('/positions', 42, 2)];
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('HALTED: kim said so &lt;&amp;&gt;'));
    const [status] = server.requests.filter((request) => sentTo('42')(request) && textOf(request).includes('HALTED'));
    expect(textOf(status as Request)).toContain('and 40 more');
    // Telegram refuses more than that, as it is read.
    expect(textOf(status as Request).replaceAll(/&(lt|gt|amp);/g, '.').length).toBeLessThan(4_096);
    await server.until(
      1,
      (request) => sentTo('42')(request) && textOf(request).includes('BTC-1 OPEN: 0.5 BTC, bought at upbit, sold at binance'),
    );
  });

  it('asks for positions and hears of legs that are kept, too, marked as such, within one message', async () => {
    bench = new Bench();
    bench.live();
    const log = { enteredAt: 1, notional: null, edgeBps: null, score: null, enterRule: null, exitRule: null, exits: 1, unwinds: 0 };
    const rest = { ...log, endedAt: 1_700_000_000_000_000, unhedged: 0, legs: [], model: 'depth', modelVersion: 1 };
    const over = { coin: 'BTC', route: { buy: 'binance', sell: 'upbit' }, quantity: '0', pnl: null, parts: {} };
    takePosition(bench.standing, { ...over, state: 'CLOSED', trip: 'BTC-0', why: 'x', log: { ...rest, kept: '0' } });
    for (let i = 1; i <= 6; i++)
      takePosition(bench.standing, { ...over, state: 'CLOSED', trip: `BTC-${i}`, why: 'y'.repeat(500), log: { ...rest, kept: '0.1' } });
    const why = '0.2 BTC at upbit could not be unwound: <no book>';
    takePosition(bench.standing, { ...over, state: 'FAILED', trip: 'BTC-7', why, log: { ...rest, kept: '-0.2' } });
    updates = [write('/positions', 42, 1), write('/status', 42, 2)];
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('7 that are over keep a leg: /positions'));
    for (let i = 10; i < 60; i++)
      takePosition(bench.standing, {
        ...over,
        quantity: '0.4',
        state: 'OPEN',
        trip: `BTC-${i}`,
        why: '0.1 BTC kept at binance: <&>'.repeat(9),
      });
    updates = [write('/positions', 42, 3)];
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('and 30 more'));
    const [few, many] = server.requests.filter((request) => sentTo('42')(request) && textOf(request).includes('LEG')).map(textOf);
    expect(few?.split('\n').slice(0, 3)).toEqual([
      'no round trip is open',
      '<b>LEG OWED</b> -0.2 BTC since 2023-11-14 22:13:20 UTC, BTC-7 FAILED, bought at binance, sold at upbit: 0.2 BTC at upbit could not be unwound: &lt;no book&gt;',
      expect.stringMatching(
        /^<b>LEG KEPT<\/b> 0\.1 BTC since 2023-11-14 22:13:20 UTC, BTC-6 CLOSED, bought at binance, sold at upbit: y+…$/,
      ),
    ]);
    expect(few).toContain('and 2 older legs');
    expect(few).not.toContain('BTC-0 ');
    expect(many).toContain('BTC-10 OPEN: 0.4 BTC, bought at binance, sold at upbit: 0.1 BTC kept at binance: &lt;&amp;&gt;');
    expect(many?.replaceAll(/&(lt|gt|amp);/g, '.').length).toBeLessThan(4_096);
  });
});

describe("the dead man's switch", () => {
  it('calls people past the stream when nothing has come from it for five seconds, and says when it is back', async () => {
    bench = new Bench();
    bench.live();
    bench.takes = false;
    const [call] = await server.until(
      1,
      (request) => sentTo('42')(request) && textOf(request).includes('nothing has come from the stream'),
    );
    expect(textOf(call as Request)).toContain('P0');
    bench.event('clock', [], { fill: 0, committed: 1, committedAt: null });
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('the stream is back'));
  });

  it('calls when the stream goes on and nothing of it is journaled, for no alert is delivered then', async () => {
    bench = new Bench();
    bench.committed = 50;
    bench.live();
    const clock = setInterval(() => bench.event('clock', [], { fill: 0, committed: 50, committedAt: null }), 100);
    bench.raise({ id: 'waits' });
    const [call] = await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('nothing has been journaled'));
    expect(textOf(call as Request)).toContain('P0');
    expect(bench.outcomes()).toEqual([]);
    bench.committed = 1_000_000;
    await server.until(1, (request) => sentTo('42')(request) && textOf(request).includes('the journal is back'));
    await bench.until(() => bench.outcomes().includes('waits telegram sent'));
    clearInterval(clock);
  });
});
