import { connect, type Socket } from 'node:net';
import { realTime } from '@arb/shared/hosting';
import { NotAnEvent, NotThere, type Why } from '@arb/shared/replay';
import type { Shell } from '@arb/shared/runtime';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HEARS, makeDashboardShell } from '../shell/dashboard-shell.ts';
import { CONFIG, clock, fill, l2, makeTape, order, trip } from '../testing.ts';
import { makeView, type View } from '../view/index.ts';
import { AUDIENCE } from './api.controller.ts';
import { AUDIENCE_DEFAULTS, type Audience, type AudienceOptions } from './audience.ts';
import { DashboardModule } from './dashboard.module.ts';
import type { Explain } from './event.controller.ts';

interface Running {
  readonly app: INestApplication;
  readonly view: View;
  readonly shell: Shell;
  readonly url: string;
  readonly audience: Audience;
}

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function run(options: Partial<AudienceOptions> = {}, explain: Explain = () => null): Promise<Running> {
  const view = makeView();
  const app = await NestFactory.create(DashboardModule.of(view, realTime, explain, { ...AUDIENCE_DEFAULTS, batchMs: 20, ...options }), {
    logger: false,
  });
  await app.listen(0, '127.0.0.1');
  opened.push(app);
  return { app, view, shell: makeDashboardShell(view), url: await app.getUrl(), audience: app.get<Audience>(AUDIENCE) };
}

interface Message {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is what the test looks at
  readonly data: any;
}

/** Reads server-sent events as they come. */
async function watch(url: string) {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  opened.push({ close: () => abort.abort() });
  async function next(): Promise<Message | null> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { value, done } = await reader.read();
        if (done) return null;
        text += value;
        continue;
      }
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const event = lines.find((line) => line.startsWith('event: '))?.slice('event: '.length);
      const data = lines.find((line) => line.startsWith('data: '))?.slice('data: '.length);
      if (event !== undefined && data !== undefined) return { event, data: JSON.parse(data) };
    }
  }
  return {
    response,
    next,
    async until(wanted: (message: Message) => boolean): Promise<Message> {
      for (let message = await next(); message !== null; message = await next()) if (wanted(message)) return message;
      throw new Error('the stream ended before the message that was waited for');
    },
  };
}

describe('shell', () => {
  it('hears all that is for the dashboard but trades, and says nothing', () => {
    expect([...HEARS].sort()).toEqual(
      [
        'alert',
        'alert.delivery',
        'balance',
        'clock',
        'fill',
        'guard',
        'health',
        'kpi',
        'l2',
        'lease',
        'order',
        'position',
        'reconciliation',
        'service.heartbeat',
        'service.started',
        'service.stopping',
        'session.resumed',
        'session.started',
        'session.stopped',
        'session.stopping',
        'transfer',
      ].sort(),
    );
  });
});

describe('GET /api/state', () => {
  it('shows what the shell has heard', async () => {
    const { shell, url } = await run();
    const tape = makeTape();
    for (const event of [l2(tape, 'BTC', 100, 50), clock(tape), fill(tape, 'o1'), trip(tape, 't1', 'CLOSED', '0.7')])
      shell.onEvent(event, true);
    const response = await fetch(`${url}/api/state`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({
      session: { id: 's1' },
      position: 4,
      clock: { committed: 1 },
      coins: [{ coin: 'BTC' }],
      books: [{ coin: 'BTC', bids: [[expect.any(Number), 1, 0, expect.any(Number)], expect.anything()] }],
      fills: [{ order: 'o1', price: '140012000' }],
      trips: [{ trip: 't1', state: 'CLOSED', pnl: { amount: '0.7', currency: 'USDT' } }],
      pnl: { total: '0.7' },
    });
  });
});

describe('GET /api/stream', () => {
  it('gives the whole state, then what changed, and the book that was asked for', async () => {
    const { shell, url } = await run();
    const tape = makeTape();
    shell.onEvent(l2(tape, 'BTC'), true);
    shell.onEvent(l2(tape, 'ETH'), true);
    const { response, next, until } = await watch(`${url}/api/stream?coin=ETH`);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await next()).toMatchObject({ event: 'state', data: { position: 2, coins: [{ coin: 'BTC' }, { coin: 'ETH' }] } });
    expect(await next()).toMatchObject({ event: 'book', data: { coin: 'ETH', position: 2 } });
    shell.onEvent(l2(tape, 'BTC'), true);
    shell.onEvent(fill(tape, 'o1'), true);
    const change = await until(({ data }) => data.fills !== undefined);
    expect(change).toMatchObject({ event: 'change', data: { position: 4, coins: [{ coin: 'BTC' }], fills: [{ order: 'o1' }] } });
    shell.onEvent(l2(tape, 'ETH'), true);
    expect(await until(({ event }) => event === 'book')).toMatchObject({ data: { coin: 'ETH', position: 5 } });
  });

  it('starts over when the process takes part in the next session', async () => {
    const { shell, url, view } = await run();
    shell.onEvent(clock(makeTape('s1')), true);
    const { until } = await watch(`${url}/api/stream`);
    await until(({ event }) => event === 'state');
    shell.onEnd();
    const child = makeDashboardShell(view);
    child.onEvent(clock(makeTape('s2')), false);
    expect(await until(({ event }) => event === 'state')).toMatchObject({ data: { session: { id: 's2', stage: 'catching up' } } });
    child.onLive({ session: 's2', config: CONFIG } as Parameters<Shell['onLive']>[0]);
    expect(await until(({ data }) => data.session !== undefined)).toMatchObject({ data: { session: { id: 's2', stage: 'live' } } });
  });

  it('speaks of the time now and then where nothing happens', async () => {
    const { url } = await run();
    const { next } = await watch(`${url}/api/stream`);
    await next();
    const idle = await next();
    expect(Object.keys(idle?.data)).toEqual(['now']);
  });

  it('refuses more watchers than the limit, and takes one again when one has gone', async () => {
    const { url, audience } = await run({ mostClients: 2 });
    const first = await watch(`${url}/api/stream`);
    await first.next();
    const socket = await open(url);
    await within(() => audience.size === 2);
    expect((await fetch(`${url}/api/stream`)).status).toBe(503);
    socket.destroy();
    await within(() => audience.size === 1);
    const again = await watch(`${url}/api/stream`);
    expect(await again.next()).toMatchObject({ event: 'state' });
  });

  it('drops a watcher who does not read, and goes on for the others', async () => {
    const { shell, url, audience } = await run({ mostUnreadBytes: 64 * 1024 });
    const tape = makeTape();
    const socket = await open(url);
    socket.pause();
    await within(() => audience.size === 1);
    const reading = await watch(`${url}/api/stream`);
    const seen: number[] = [];
    for (let round = 0; round < 2_000 && audience.dropped === 0; round++) {
      for (let i = 0; i < 200; i++) shell.onEvent(order(tape, `o${i}`, 'accepted'), true);
      audience.tell();
      const { data } = await reading.until(({ event }) => event !== 'book');
      seen.push(data.position);
    }
    expect(audience.dropped).toBe(1);
    expect(audience.size).toBe(1);
    shell.onEvent(fill(tape, 'after'), true);
    expect(await reading.until(({ data }) => data.fills !== undefined)).toMatchObject({ data: { fills: [{ order: 'after' }] } });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('refuses what is no coin', async () => {
    const { url } = await run();
    for (const coin of ['btc', 'BTC%0A', 'A&coin=B', '../x']) expect((await fetch(`${url}/api/stream?coin=${coin}`)).status).toBe(400);
  });

  it('ends when the service closes, and keeps it from nothing', async () => {
    const { app, url } = await run();
    const { next } = await watch(`${url}/api/stream`);
    await next();
    await app.close();
    let last = await next();
    while (last !== null) last = await next();
    expect(last).toBeNull();
  });
});

describe('page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/dashboard.js', 'text/javascript; charset=utf-8'],
    ['/dashboard.css', 'text/css; charset=utf-8'],
  ])('serves %s under a policy that allows its own files only', async (path, type) => {
    const { url } = await run();
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const text = await response.text();
    expect(text).not.toMatch(/https?:\/\/|\/\/cdn|innerHTML|insertAdjacentHTML|document\.write| on\w+="| style="|<script>/);
  });

  it('names no file that is not served', async () => {
    const { url } = await run();
    const html = await (await fetch(url)).text();
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map((match) => match[1] as string)
      .filter((name) => !name.startsWith('data:'));
    expect(named).toEqual(['dashboard.css', 'dashboard.js']);
    expect((await fetch(`${url}/index.html/../../package.json`)).status).toBe(404);
  });
});

/** Opens a stream by hand: a client that can stop reading. */
function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET /api/stream HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
      resolve(socket);
    });
    socket.on('error', reject);
    opened.push({ close: () => socket.destroy() });
  });
}

/** Until the server's side of a socket has caught up with what the client did; the test's own time-out is the limit. */
async function within(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the event that a message links to', () => {
  const found = { session: 's1', position: 7, causes: [], effects: [], trip: [], searchedTo: 9 } as unknown as Why;
  const answers: Readonly<Record<string, () => Promise<Why>>> = {
    's1:7': () => Promise.resolve(found),
    's1:99': () => Promise.reject(new NotThere('s1 has no position 99: its last is 9')),
    soon: () => Promise.reject(new NotAnEvent('"soon" is no event')),
  };

  it('is told with what it rests on, or in one sentence why it is not', async () => {
    const { url } = await run({}, (event) => answers[event]?.() ?? null);
    const ask = async (words: string) => {
      const response = await fetch(`${url}/api/why${words}`);
      return [response.status, (await response.json()) as { message?: unknown }] as const;
    };
    expect(await ask('?event=s1%3A7')).toEqual([200, found]);
    expect(await ask('?event=s1:99')).toMatchObject([404, { message: 's1 has no position 99: its last is 9' }]);
    expect(await ask('?event=soon')).toMatchObject([400, { message: '"soon" is no event' }]);
    expect(await ask('?event=last')).toMatchObject([503, { message: expect.stringContaining('no session yet') }]);
    for (const words of ['', '?event=', '?event=a&event=b', `?event=${'x'.repeat(101)}`]) expect((await ask(words))[0]).toBe(400);
  });

  it('is looked for twice at once, and no more often', async () => {
    const waiting: ((why: Why) => void)[] = [];
    const { url } = await run({}, () => new Promise((resolve) => waiting.push(resolve)));
    const first = [1, 2].map(() => fetch(`${url}/api/why?event=last`));
    while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect((await fetch(`${url}/api/why?event=last`)).status).toBe(503);
    for (const answer of waiting) answer(found);
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    const again = fetch(`${url}/api/why?event=last`);
    while (waiting.length < 3) await new Promise((resolve) => setImmediate(resolve));
    (waiting[2] as (why: Why) => void)(found);
    expect((await again).status).toBe(200);
  });
});
