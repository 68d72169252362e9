import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { letter, type Scripted, scriptedServer } from '../../testing/index.ts';
import { alertmanagerChannel } from './alertmanager.ts';
import { type Channel, ChannelError } from './channel.ts';
import { emailChannel } from './email.ts';
import { slackChannel } from './slack.ts';
import { telegramBot, telegramChannel } from './telegram.ts';

const LINKS = { dashboard: 'https://dash.example/', runbook: 'https://book.example/RUNBOOK.md' };
const SECRET = '123456:very-secret-token';
const never = new AbortController().signal;
let server: Scripted;
beforeAll(async () => {
  server = await scriptedServer();
});
afterAll(() => server.stop());
beforeEach(() => server.answer(() => null));

const telegram = (chats = ['1', '2']) =>
  telegramChannel(telegramBot(server.url, SECRET, chats), LINKS, (_, text) => void logged.push(text));
const logged: string[] = [];
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
      '🟠 <b>P1 OPEN: look now</b>',
      'upbit is down: &lt;no answer&gt; &amp; more',
      '',
      'since: 2023-11-14 22:13:20 UTC, 3 m before this message',
      'rule: VN-002/upbit, 3 times',
      'event: <a href="https://dash.example/?at=s1%3A12">s1:12</a>',
      'do: <a href="https://book.example/RUNBOOK.md#venue-down">docs/RUNBOOK.md, venue-down</a>',
      'take it: /ack VN-002/upbit',
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
    const asked = server.requests.slice(from).map(({ body }) => (body as { chat_id: string }).chat_id);
    expect([asked.slice(0, 2).sort(), asked.slice(2)]).toEqual([['1', '2'], ['2']]);
  });

  it('reaches the other chats where one has thrown the bot out, and fails where all of them have', async () => {
    server.answer(({ body }) => ((body as { chat_id: string }).chat_id === '1' ? { status: 403 } : null));
    await telegram(['1', '2']).deliver(letter({ id: 'thrown' }), 1, never);
    expect((last().body as { chat_id: string }).chat_id).toMatch(/1|2/);
    expect(logged.at(-1)).toBe(
      '1 of 2 telegram chats were not told: telegram refuses the message (403): see whether its token or address is still good',
    );
    server.answer(() => ({ status: 403 }));
    expect(await errorOf(telegram(['1', '2']))).toMatchObject({ final: true });
  });

  it('is cut where it is too long, and nothing that it is written with is', async () => {
    await telegram(['1']).deliver(letter({ summary: '<&>'.repeat(2_000) }), 1, never);
    const { text } = last().body as { text: string };
    const read = text.replaceAll(/<[^>]*>/g, '').replaceAll(/&(lt|gt|amp);/g, '.');
    expect(read.length).toBeLessThan(4_096);
    expect(read).not.toContain('&');
    expect(text).toContain('docs/RUNBOOK.md, venue-down');
    await slack().deliver(letter({ summary: '<&>'.repeat(2_000) }), 1, never);
    const { blocks } = last().body as { blocks: { text?: { text: string } }[] };
    expect(blocks[0]?.text?.text.length).toBeLessThan(3_000);
    expect(blocks[0]?.text?.text.replaceAll(/&(lt|gt|amp);/g, '.')).not.toContain('&');
  });

  it('names no event where it follows none', async () => {
    await slack().deliver({ ...letter({}, 0), about: null }, 1, never);
    expect((last().body as { text: string }).text).not.toMatch(/^event:|^take it:/m);
  });

  it('is closed at Alertmanager under the labels that opened it', async () => {
    const channel = alertmanagerChannel(`${server.url}/`, LINKS);
    await channel.deliver(letter(), 1, never);
    type Posted = { labels: { severity: string }; endsAt: string; startsAt: string }[];
    const [opened, ...more] = last().body as Posted;
    expect(more).toEqual([]);
    await channel.deliver(letter({ state: 'closed', step: 'closed' }), 1, never);
    const [closed] = last().body as Posted;
    expect(last().path).toBe('/api/v2/alerts');
    expect(opened).toMatchObject({
      labels: { alertname: 'VN-002', key: 'VN-002/upbit', severity: 'P1' },
      startsAt: '2023-11-14T22:13:20.000Z',
      // Not over by itself while nobody says so.
      endsAt: '2023-11-21T22:16:20.000Z',
    });
    expect(closed).toMatchObject({ labels: opened?.labels, endsAt: '2023-11-14T22:16:20.000Z' });
  });

  it('is at Alertmanager under its present severity alone, and a moment stands there for five minutes', async () => {
    const channel = alertmanagerChannel(`${server.url}/`, LINKS);
    const endsBySeverity = () =>
      Object.fromEntries(
        (last().body as { labels: { severity: string }; endsAt: string }[]).map((one) => [one.labels.severity, one.endsAt]),
      );
    const now = '2023-11-14T22:16:20.000Z';
    await channel.deliver(letter({ step: 'escalated', severity: 'P0' }), 1, never);
    expect(endsBySeverity()).toEqual({ P0: '2023-11-21T22:16:20.000Z', P1: now, P2: now, P3: now });
    await channel.deliver(letter({ state: 'noted', step: 'moment' }), 1, never);
    expect(endsBySeverity()).toEqual({ P1: '2023-11-14T22:21:20.000Z' });
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
  /** Receivers that are refused, and with which code. */
  let boxes: Readonly<Record<string, number>> = {};
  let refuse: { readonly code: number; readonly what: string } | null = null;
  beforeAll(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo({ address }, _, done) {
        done(address in boxes ? Object.assign(new Error(`no box ${SECRET}`), { responseCode: boxes[address] }) : null);
      },
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
    boxes = {};
    refuse = null;
  });

  const email = (to = port) =>
    emailChannel({
      url: `smtp://127.0.0.1:${to}`,
      from: 'arb@example.net',
      to: ['kim@example.net', 'lee@example.net'],
      links: LINKS,
      log: (_, text) => void logged.push(text),
      dayLines: async () => ['sealed up to position 99, head abc'],
    });

  it('goes to all receivers as text and as HTML, under the same id when it goes twice', async () => {
    await email().deliver(letter(), 1, never);
    await email().deliver(letter(), 2, never);
    const [first, second] = mails.slice(-2) as [Mail, Mail];
    expect(first).toMatchObject({ from: 'arb@example.net', to: ['kim@example.net', 'lee@example.net'] });
    expect(first.text).toContain('Subject: [P1 OPEN: look now] upbit is down: <no answer> & more');
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

  it('counts as sent where some receivers are refused, and names those, in the log whole and in the event as far as it needs', async () => {
    boxes = { 'lee@example.net': 550 };
    const before = mails.length;
    const partly: string[] = [];
    await email().deliver(letter(), 1, never, (what) => void partly.push(what));
    expect(mails.slice(before).map(({ to }) => to)).toEqual([['kim@example.net']]);
    expect(partly).toEqual(['the mail server took the message for 1 of 2 receivers; it refused l…@example.net (550)']);
    expect(logged.at(-1)).toBe('the mail server took the message for 1 of 2 receivers; it refused lee@example.net (550): see ARB_MAIL_TO');
    expect(logged.join()).not.toContain(SECRET);
  });

  it('is refused where all receivers are: for now where one of them was told to come later', async () => {
    boxes = { 'kim@example.net': 550, 'lee@example.net': 550 };
    expect(await errorOf(email())).toMatchObject({ final: true, message: 'the mail server did not take the message (550)' });
    boxes = { 'kim@example.net': 450, 'lee@example.net': 550 };
    expect(await errorOf(email())).toMatchObject({ final: false, message: 'the mail server did not take the message (450)' });
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

  it('gives up on a server that hangs in the middle, refuses the password, or speaks no TLS, and never says the password', async () => {
    const answers: Record<string, (line: string) => string | null> = {
      hangs: (line) => (line.startsWith('EHLO') ? null : '250 ok'),
      refuses: (line) => (line.startsWith('EHLO') ? '250-here\r\n250 AUTH PLAIN LOGIN' : `535 no ${line}`),
    };
    for (const [how, answer] of Object.entries(answers)) {
      const sockets = new Set<{ destroy(): void }>();
      const stub = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.write('220 here\r\n');
        socket.setEncoding('utf8').on('data', (text: string) => {
          const reply = answer(text.trim());
          if (reply !== null) socket.write(`${reply}\r\n`);
        });
      });
      stub.listen(0, '127.0.0.1');
      await once(stub, 'listening');
      const at = `kim:${encodeURIComponent(SECRET)}@127.0.0.1:${(stub.address() as { port: number }).port}`;
      const over = new AbortController();
      const error = await errorOf(
        emailChannel({
          url: `smtp://${at}`,
          from: 'a@example.net',
          to: ['b@example.net'],
          links: LINKS,
          log: () => {},
          dayLines: async () => [],
        }),
        over.signal,
      );
      expect(error.message).toMatch(how === 'refuses' ? /\(535\)/ : /\(ETIMEDOUT\)|did not answer in time/);
      expect(error.final).toBe(how === 'refuses');
      const plain = await errorOf(
        emailChannel({
          url: `smtps://${at}`,
          from: 'a@example.net',
          to: ['b@example.net'],
          links: LINKS,
          log: () => {},
          dayLines: async () => [],
        }),
      );
      expect(plain.message).toMatch(/did not take the message \([A-Z_]+\)/);
      for (const { message, stack, cause } of [error, plain])
        expect(`${message} ${stack} ${String(cause)}`).not.toMatch(new RegExp(`${SECRET}|${Buffer.from(SECRET).toString('base64')}`));
      for (const socket of sockets) socket.destroy();
      stub.close();
      await once(stub, 'close');
    }
  });
});
