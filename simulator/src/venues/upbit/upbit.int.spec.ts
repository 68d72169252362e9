import { afterEach, describe, expect, it } from '@jest/globals';
import { openSocket, type RawSocket } from '../../testing/raw-socket.ts';
import { Ends } from '../../testing/simulated.ts';

const ends = new Ends();
afterEach(() => ends.run());

async function open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawSocket> {
  const socket = await openSocket(`${url}/upbit/websocket/v1`, headers);
  ends.add(() => socket.close());
  return socket;
}

const books = (codes: readonly string[], format = 'DEFAULT', more = {}) => [
  { ticket: 't' },
  { type: 'orderbook', codes, ...more },
  { format },
];
const read = ({ text }: { text: string }) => JSON.parse(text) as Record<string, unknown>;

describe("upbit's socket, simulated", () => {
  it('sends a snapshot of each pair first, then books as they change, all in binary frames', async () => {
    const socket = await open((await ends.simulator()).url);
    socket.say(books(['KRW-BTC', 'KRW-DOGE', 'KRW-NONE']));
    while (socket.heard.length < 20) await socket.next();
    const said = socket.heard.map(read);
    expect(socket.heard.every(({ binary }) => binary)).toBe(true);
    expect(said.slice(0, 2).map(({ code, stream_type }) => [code, stream_type])).toEqual([
      ['KRW-BTC', 'SNAPSHOT'],
      ['KRW-DOGE', 'SNAPSHOT'],
    ]);
    expect(new Set(said.slice(2).map(({ stream_type }) => stream_type))).toEqual(new Set(['REALTIME']));
    expect(said[0]).toEqual({
      type: 'orderbook',
      code: 'KRW-BTC',
      timestamp: expect.any(Number),
      total_ask_size: expect.any(Number),
      total_bid_size: expect.any(Number),
      orderbook_units: expect.arrayContaining([
        { ask_price: expect.any(Number), bid_price: expect.any(Number), ask_size: expect.any(Number), bid_size: expect.any(Number) },
      ]),
      stream_type: 'SNAPSHOT',
      level: 0,
    });
  });

  it('replaces a subscription by the next one', async () => {
    const socket = await open((await ends.simulator()).url);
    socket.say(books(['KRW-BTC']));
    await socket.next();
    socket.say(books(['KRW-DOGE']));
    await socket.next((heard) => read(heard).code === 'KRW-DOGE');
    const from = socket.heard.length;
    for (let frames = 0; frames < 20; frames++) await socket.next();
    expect(new Set(socket.heard.slice(from).map((heard) => read(heard).code))).toEqual(new Set(['KRW-DOGE']));
  });

  it.each([
    ['SIMPLE', (text: string) => (JSON.parse(text) as { ty: string; cd: string }).cd],
    ['JSON_LIST', (text: string) => (JSON.parse(text) as { code: string }[])[0]?.code],
    ['SIMPLE_LIST', (text: string) => (JSON.parse(text) as { cd: string }[])[0]?.cd],
  ])('speaks %s', async (format, codeOf) => {
    const socket = await open((await ends.simulator()).url);
    socket.say(books(['KRW-BTC'], format));
    expect(codeOf((await socket.next()).text)).toBe('KRW-BTC');
  });

  it.each([
    ['.1', 1],
    ['.5', 5],
    ['.15', 15],
    ['.7', 20],
    ['', 20],
  ])('gives KRW-BTC%s %i levels, of the 20 there are', async (suffix, levels) => {
    const socket = await open((await ends.simulator()).url);
    socket.say(books([`KRW-BTC${suffix}`]));
    expect(read(await socket.next())).toMatchObject({ code: 'KRW-BTC', orderbook_units: { length: levels } });
  });

  it.each([
    ['{}', 'WRONG_FORMAT'],
    ['nonsense', 'WRONG_FORMAT'],
    ['[{"type":"orderbook","codes":["KRW-BTC"]}]', 'NO_TICKET'],
    ['[{"ticket":"t"}]', 'NO_TYPE'],
    ['[{"ticket":"t"},{"type":"myOrder","codes":["KRW-BTC"]}]', 'NO_TYPE'],
    ['[{"ticket":"t"},{"type":"orderbook"}]', 'NO_CODES'],
    ['[{"ticket":"t"},{"type":"orderbook","codes":["KRW-BTC"]},{"format":"XML"}]', 'INVALID_PARAM'],
  ])('answers %s with %s and closes', async (frame, name) => {
    const socket = await open((await ends.simulator()).url);
    socket.say(frame);
    expect(read(await socket.next())).toEqual({ error: { name, message: expect.any(String) } });
    expect(await socket.closed).toBe(1000);
  });

  it('says that it is up when it is pinged', async () => {
    const socket = await open((await ends.simulator()).url);
    socket.say('PING');
    expect(await socket.next()).toEqual({ text: '{"status":"UP"}', binary: true });
  });

  it('closes a connection that says more than five things in a second', async () => {
    const socket = await open((await ends.simulator()).url);
    for (let i = 0; i < 6; i++) socket.say('PING');
    expect(await socket.closed).toBe(1008);
    expect(socket.heard).toHaveLength(5);
  });

  it('lets five in a second, and of browsers one in ten', async () => {
    const { url } = await ends.simulator();
    const origin = { origin: 'https://example.org' };
    await open(url, origin);
    await expect(open(url, origin)).rejects.toThrow('Unexpected server response: 429');
    // Where a second ends among them, more are let in: then the next ones are refused.
    let refused = 0;
    for (let round = 0; round < 20 && refused < 3; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => open(url)));
      refused += attempts.filter(({ status }) => status === 'rejected').length;
    }
    expect(refused).toBeGreaterThanOrEqual(3);
  });
});

describe("upbit's REST, simulated", () => {
  it('refuses a whole call for one pair it does not list', async () => {
    const { url } = await ends.simulator();
    const response = await fetch(`${url}/upbit/v1/orderbook?markets=KRW-BTC,KRW-NONE`);
    expect([response.status, await response.json()]).toEqual([404, { error: { name: 404, message: 'Code not found' } }]);
  });

  it('says what is left of a group, refuses what is too fast, and shuts out who goes on', async () => {
    const { url } = await ends.simulator();
    const ask = () => fetch(`${url}/upbit/v1/ticker?markets=KRW-BTC`);
    const first = await ask();
    expect(first.headers.get('remaining-req')).toBe('group=ticker; min=600; sec=9');
    expect(await first.json()).toEqual([expect.objectContaining({ market: 'KRW-BTC', acc_trade_price_24h: expect.any(Number) })]);
    const statuses: number[] = [];
    while (!statuses.includes(418) && statuses.length < 2_000) statuses.push((await ask()).status);
    expect(statuses.slice(0, 9)).toEqual(Array(9).fill(200));
    expect(statuses).toContain(429);
    expect(statuses.at(-1)).toBe(418);
    expect((await fetch(`${url}/binance/api/v3/ping`)).status).toBe(200);
  });
});
