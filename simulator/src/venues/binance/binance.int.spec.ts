import { afterEach, describe, expect, it } from '@jest/globals';
import { openSocket, type RawSocket } from '../../testing/raw-socket.ts';
import { Ends, MARKET } from '../../testing/simulated.ts';

const ends = new Ends();
afterEach(() => ends.run());

async function open(url: string, path: string): Promise<RawSocket> {
  const socket = await openSocket(`${url}/binance${path}`);
  ends.add(() => socket.close());
  return socket;
}

const read = ({ text }: { text: string }) => JSON.parse(text) as Record<string, unknown>;

interface Change {
  readonly e: string;
  readonly E: number;
  readonly U: number;
  readonly u: number;
  readonly b: readonly (readonly [string, string])[];
  readonly a: readonly (readonly [string, string])[];
}

interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

function apply(side: Map<string, string>, changes: readonly (readonly [string, string])[]): void {
  for (const [price, size] of changes)
    if (Number(size) === 0) side.delete(price);
    else side.set(price, size);
}

const best = (side: Map<string, string>, direction: 1 | -1): readonly (readonly [string, string])[] =>
  [...side].sort(([a], [b]) => (Number(a) - Number(b)) * direction);

describe("binance's socket, simulated", () => {
  it('numbers its changes without a hole, and they lead from a snapshot to what the other streams show', async () => {
    const { url } = await ends.simulator();
    const socket = await open(url, '/stream?streams=btcusdt@depth@100ms/btcusdt@depth20/btcusdt@bookTicker');
    await socket.next();
    const snapshot = (await (await fetch(`${url}/binance/api/v3/depth?symbol=BTCUSDT&limit=1000`)).json()) as Snapshot;
    while (socket.heard.length < 300) await socket.next();
    const [bids, asks] = [new Map(snapshot.bids), new Map(snapshot.asks)];
    let [last, applied, compared] = [snapshot.lastUpdateId, 0, 0];
    for (const heard of socket.heard) {
      const { stream, data } = read(heard) as { stream: string; data: Record<string, unknown> };
      if (stream === 'btcusdt@depth@100ms') {
        const change = data as unknown as Change;
        if (change.u <= snapshot.lastUpdateId) continue;
        expect(change.U).toBe(last + 1);
        last = change.u;
        applied++;
        apply(bids, change.b);
        apply(asks, change.a);
      } else if (stream === 'btcusdt@depth20' && data.lastUpdateId === last) {
        compared++;
        expect(data).toEqual({ lastUpdateId: last, bids: best(bids, -1).slice(0, 20), asks: best(asks, 1).slice(0, 20) });
      } else if (stream === 'btcusdt@bookTicker' && data.u === last) {
        compared++;
        const [bid, ask] = [best(bids, -1)[0], best(asks, 1)[0]];
        expect([data.b, data.B, data.a, data.A]).toEqual([bid?.[0], bid?.[1], ask?.[0], ask?.[1]]);
      }
    }
    expect(applied).toBeGreaterThan(50);
    expect(compared).toBeGreaterThan(50);
  });

  it('gathers the changes of a second where no speed was asked for', async () => {
    const socket = await open((await ends.simulator()).url, '/stream?streams=btcusdt@depth/btcusdt@depth@100ms');
    const slow = (heard: { text: string }) => read(heard).stream === 'btcusdt@depth';
    const change = (heard: { text: string }) => read(heard).data as Change;
    const first = change(await socket.next(slow));
    const second = change(await socket.next(slow));
    expect(second.U).toBe(first.u + 1);
    expect(second.E - first.E).toBeGreaterThanOrEqual(1_000);
    for (const side of [second.b, second.a]) expect(new Set(side.map(([price]) => price)).size).toBe(side.length);
  });

  it('adds subscriptions up, takes them back, and says which there are', async () => {
    const socket = await open((await ends.simulator()).url, '/ws');
    socket.say({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'nonesuch@depth'], id: 1 });
    expect(read(await socket.next())).toEqual({ result: null, id: 1 });
    socket.say({ method: 'SUBSCRIBE', params: ['dogeusdt@depth@100ms'], id: 'two' });
    await socket.next((heard) => read(heard).id === 'two');
    expect(read(await socket.next((heard) => read(heard).e === 'trade'))).toMatchObject({
      s: 'BTCUSDT',
      p: expect.stringMatching(/^\d+\.\d{8}$/),
    });
    socket.say({ method: 'LIST_SUBSCRIPTIONS', id: 3 });
    expect(read(await socket.next((heard) => read(heard).id === 3)).result).toEqual([
      'btcusdt@trade',
      'nonesuch@depth',
      'dogeusdt@depth@100ms',
    ]);
    socket.say({ method: 'UNSUBSCRIBE', params: ['dogeusdt@depth@100ms'], id: 4 });
    await socket.next((heard) => read(heard).id === 4);
    const from = socket.heard.length;
    for (let frames = 0; frames < 10; frames++) await socket.next();
    expect(new Set(socket.heard.slice(from).map((heard) => read(heard).s))).toEqual(new Set(['BTCUSDT']));
  });

  it.each([
    ['nonsense', 3],
    ['[]', 2],
    ['{"method":"DANCE","id":1}', 2],
    ['{"method":"SUBSCRIBE","params":"btcusdt@trade","id":1}', 2],
    ['{"method":"SUBSCRIBE","params":[],"id":{}}', 2],
  ])('answers %s with error %i', async (frame, code) => {
    const socket = await open((await ends.simulator()).url, '/ws');
    socket.say(frame);
    expect(read(await socket.next())).toMatchObject({ error: { code, msg: expect.any(String) } });
  });

  it('closes a connection that says too much or asks for too many streams', async () => {
    const { url } = await ends.simulator();
    const [talker, hoarder] = [await open(url, '/ws'), await open(url, '/ws')];
    for (let i = 0; i < 6; i++) talker.say({ method: 'LIST_SUBSCRIPTIONS', id: i });
    hoarder.say({ method: 'SUBSCRIBE', params: Array.from({ length: 1_025 }, (_, i) => `c${i}usdt@trade`), id: 1 });
    expect([await talker.closed, await hoarder.closed]).toEqual([1008, 1008]);
    expect(talker.heard).toHaveLength(5);
  });
});

describe("binance's REST, simulated", () => {
  it('says what was spent, by weight', async () => {
    const { url } = await ends.simulator();
    const spent = async (path: string) => Number((await fetch(`${url}/binance${path}`)).headers.get('x-mbx-used-weight-1m'));
    expect(await spent('/api/v3/depth?symbol=BTCUSDT&limit=100')).toBe(5);
    expect(await spent('/api/v3/depth?symbol=BTCUSDT&limit=1000')).toBe(55);
    expect(await spent('/api/v3/exchangeInfo')).toBe(75);
    expect(await spent('/api/v3/ticker/24hr')).toBe(155);
  });

  it('refuses more than its weight, and shuts out who goes on', async () => {
    const { url } = await ends.simulator();
    const ask = () => fetch(`${url}/binance/api/v3/depth?symbol=BTCUSDT&limit=5000`);
    const answers: (readonly [number, string | null])[] = [];
    while (answers.at(-1)?.[0] !== 418 && answers.length < 100) {
      const { status, headers } = await ask();
      answers.push([status, headers.get('retry-after')]);
    }
    expect(answers.findIndex(([status]) => status === 429)).toBe(24);
    expect(Number(answers[24]?.[1])).toBeGreaterThan(0);
    expect(answers.at(-1)).toEqual([418, '120']);
  });

  it.each([
    ['/api/v3/depth', 400, -1102],
    ['/api/v3/depth?symbol=NONEUSDT', 400, -1121],
    ['/api/v3/depth?symbol=BTCUSDT&limit=many', 400, -1100],
    ['/api/v3/exchangeInfo?symbols=[%22NONE%22]', 400, -1121],
    ['/api/v3/nothing', 404, -1000],
  ])('answers %s with status %i and code %i', async (path, status, code) => {
    const { url } = await ends.simulator();
    const response = await fetch(`${url}/binance${path}`);
    expect([response.status, await response.json()]).toEqual([status, { code, msg: expect.any(String) }]);
  });

  it('tells what was traded in a day of each pair', async () => {
    const { url } = await ends.simulator();
    const all = (await (await fetch(`${url}/binance/api/v3/ticker/24hr`)).json()) as { symbol: string; quoteVolume: string }[];
    expect(all.map(({ symbol }) => symbol)).toEqual([...MARKET.coins.map((coin) => `${coin}USDT`), 'USDTUSD']);
    expect(Number(all[0]?.quoteVolume)).toBeGreaterThan(Number(all[1]?.quoteVolume));
  });
});
