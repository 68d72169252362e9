import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { letter, type Scripted, scriptedServer } from '../../testing/index.ts';
import { alertmanagerChannel } from './alertmanager.ts';
import { type Channel, ChannelError } from './channel.ts';
import { emailChannel } from './email.ts';
import { slackChannel } from './slack.ts';
import { telegramBot, telegramChannel } from './telegram.ts';

jest.setTimeout(30_000);

const LINKS = { dashboard: 'https://dash.example/', runbook: 'https://book.example/RUNBOOK.md' };
const SECRET = '123456:very-secret-token';
const never = new AbortController().signal;
let server: Scripted;
beforeAll(async () => {
  server = await scriptedServer();
});
afterAll(() => server.stop());
beforeEach(() => server.answer(() => null));

const telegram = (chats = ['1', '2']) => telegramChannel(telegramBot(server.url, SECRET, chats), LINKS);
const slack = () => slackChannel(`${server.url}/services/${SECRET}`, LINKS);
const last = () => server.requests.at(-1) as Scripted['requests'][number];

async function errorOf(channel: Channel, signal = never): Promise<ChannelError> {
  const error = await channel.deliver(letter(), 1, signal).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChannelError);
  return error as ChannelError;
}

describe('a message', () => {
  it('tells on Telegram what, since when, how bad, which event and what to do', async () => {
    await telegram(['1']).deliver(letter(), 1, never);
    const { path, body } = last() as { path: string; body: { text: string; parse_mode: string; chat_id: string } };
    expect(path).toBe(`/bot${SECRET}/sendMessage`);
    expect(body).toMatchObject({ chat_id: '1', parse_mode: 'HTML' });
    expect(body.text.split('\n')).toEqual([
      '🟠 <b>P1 OPEN</b>',
      'upbit is down: &lt;no answer&gt; &amp; more',
      '',
      'since: 2023-11-14 22:13:20 UTC, 3 m before this message',
      'rule: VN-002/upbit, 3 times',
      'event: <a href="https://dash.example/?at=s1%3A12">s1:12</a>',
      'do: <a href="https://book.example/RUNBOOK.md#venue-down">RUNBOOK: venue-down</a>',
      'message: a200 of s1',
    ]);
  });

  it('shows by its id and the count of tries that it may have come before', async () => {
    await slack().deliver(letter(), 2, never);
    expect((last().body as { text: string }).text).toContain('message: a200 of s1, try 2');
  });

  it('reaches each chat once, when one of them fails and the message is tried again', async () => {
    const channel = telegram(['1', '2']);
    const from = server.requests.length;
    server.answer(({ body }) => ((body as { chat_id: string }).chat_id === '2' ? { status: 500 } : null));
    await expect(channel.deliver(letter({ id: 'twice' }), 1, never)).rejects.toThrow('telegram is in trouble (500)');
    server.answer(() => null);
    await channel.deliver(letter({ id: 'twice' }), 2, never);
    expect(server.requests.slice(from).map(({ body }) => (body as { chat_id: string }).chat_id)).toEqual(['1', '2', '2']);
  });

  it('is closed at Alertmanager under the labels that opened it', async () => {
    const channel = alertmanagerChannel(`${server.url}/`, LINKS);
    await channel.deliver(letter(), 1, never);
    const [opened] = last().body as { labels: object; endsAt?: string; startsAt: string }[];
    await channel.deliver(letter({ state: 'closed', step: 'closed' }), 1, never);
    const [closed] = last().body as (typeof opened)[];
    expect(last().path).toBe('/api/v2/alerts');
    expect(opened).toMatchObject({
      labels: { alertname: 'VN-002', key: 'VN-002/upbit', severity: 'P1' },
      startsAt: '2023-11-14T22:13:20.000Z',
    });
    expect(opened?.endsAt).toBeUndefined();
    expect(closed).toMatchObject({ labels: opened?.labels, endsAt: '2023-11-14T22:16:20.000Z' });
  });
});

describe('a channel that does not take a message', () => {
  const cases: readonly [string, () => Channel][] = [
    ['telegram', telegram],
    ['slack', slack],
    ['alertmanager', () => alertmanagerChannel(`${server.url}/${SECRET}`, LINKS)],
  ];

  it.each(cases)('%s: says how long it wants to be left alone', async (_, make) => {
    server.answer(() => ({ status: 429, body: { ok: false, parameters: { retry_after: 7 } } }));
    expect(await errorOf(make())).toMatchObject({ retryAfterMs: 7_000, final: false });
    server.answer(() => ({ status: 429, headers: { 'retry-after': '3' }, body: 'slow' }));
    expect(await errorOf(make())).toMatchObject({ retryAfterMs: 3_000, final: false });
  });

  it.each(cases)('%s: tells trouble, which passes, from a refusal, which does not', async (_, make) => {
    server.answer(() => ({ status: 503 }));
    expect((await errorOf(make())).final).toBe(false);
    server.answer(() => ({ status: 401 }));
    expect((await errorOf(make())).final).toBe(true);
  });

  it.each(cases)('%s: ends a try that hangs, and takes a reset for what it is', async (_, make) => {
    server.answer(() => 'hang');
    const over = new AbortController();
    const count = server.requests.length;
    const hanging = errorOf(make(), over.signal);
    await server.until(count + 1);
    over.abort();
    expect((await hanging).message).toMatch(/did not answer in time/);
    server.answer(() => 'reset');
    expect((await errorOf(make())).message).toMatch(/cannot be reached/);
  });

  it.each(cases)('%s: never says its address or token, whatever the other side answers', async (_, make) => {
    for (const reply of [
      'reset',
      { status: 404, body: `no bot ${SECRET}` },
      { status: 500, body: SECRET },
      { status: 302, headers: { location: `/${SECRET}` } },
    ] as const) {
      server.answer(() => reply);
      const error = await errorOf(make());
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(SECRET);
    }
  });
});

describe('e-mail', () => {
  interface Mail {
    readonly from: string;
    readonly to: readonly string[];
    readonly text: string;
  }
  const mails: Mail[] = [];
  let smtp: SMTPServer;
  let port = 0;
  let refuse: { readonly code: number; readonly what: string } | null = null;
  beforeAll(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, done) {
        let text = '';
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        stream.on('end', () => {
          if (refuse !== null) {
            done(Object.assign(new Error(refuse.what), { responseCode: refuse.code }));
            return;
          }
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), text });
          done();
        });
      },
    });
    smtp.listen(0, '127.0.0.1');
    await once(smtp.server, 'listening');
    port = (smtp.server.address() as { port: number }).port;
  });
  afterAll(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
  beforeEach(() => {
    refuse = null;
  });

  const email = (to = port) =>
    emailChannel({
      url: `smtp://127.0.0.1:${to}`,
      from: 'arb@example.net',
      to: ['kim@example.net', 'lee@example.net'],
      links: LINKS,
      dayLines: async () => ['sealed up to position 99, head abc'],
    });

  it('goes to all receivers as text and as HTML, under the same id when it goes twice', async () => {
    await email().deliver(letter(), 1, never);
    await email().deliver(letter(), 2, never);
    const [first, second] = mails.slice(-2) as [Mail, Mail];
    expect(first).toMatchObject({ from: 'arb@example.net', to: ['kim@example.net', 'lee@example.net'] });
    expect(first.text).toContain('Subject: [P1 OPEN] upbit is down: <no answer> & more');
    expect(first.text).toContain('multipart/alternative');
    expect(first.text).toContain('text/plain');
    expect(first.text.replaceAll(/=\r\n/g, '')).toContain('&lt;no answer&gt; &amp; more');
    const idOf = ({ text }: Mail) => /^Message-ID: (.*)$/im.exec(text)?.[1]?.trim();
    expect(idOf(first)).toBe('<s1.a200@arbitrage-lite>');
    expect(idOf(second)).toBe(idOf(first));
  });

  it("names the head of the seals in the day's summary, and only there", async () => {
    await email().deliver(letter({ step: 'day', state: 'noted', summary: 'PnL: 1 USDT; alerts: P0 0' }), 1, never);
    expect(mails.at(-1)?.text).toContain('head abc');
    await email().deliver(letter(), 1, never);
    expect(mails.at(-1)?.text).not.toContain('head abc');
  });

  it('tells a refusal for good from one for now, without repeating what the server says', async () => {
    refuse = { code: 550, what: `no such box ${SECRET}` };
    expect(await errorOf(email())).toMatchObject({ final: true, message: 'the mail server did not take the message (550)' });
    refuse = { code: 451, what: `later ${SECRET}` };
    expect(await errorOf(email())).toMatchObject({ final: false, message: 'the mail server did not take the message (451)' });
  });

  it('gives up on a server that is not there, and on one that says nothing', async () => {
    const silent: Server = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const silentPort = (silent.address() as { port: number }).port;
    const over = new AbortController();
    const connected = once(silent, 'connection');
    const hanging = errorOf(email(silentPort), over.signal);
    const [socket] = (await connected) as [{ destroy(): void }];
    over.abort();
    expect((await hanging).message).toBe('the mail server did not answer in time');
    socket.destroy();
    silent.close();
    await once(silent, 'close');
    expect((await errorOf(email(silentPort))).message).toMatch(/ECONNREFUSED|ESOCKET|ECONNECTION/);
  });
});
