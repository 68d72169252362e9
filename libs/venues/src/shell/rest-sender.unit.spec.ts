import { describe, expect, it } from '@jest/globals';
import { binance } from '../binance/index.ts';
import type { RestRequest, RestResponse } from '../rest.ts';
import { upbit } from '../upbit/index.ts';
import { RestSender, type RestSenderDeps } from './rest-sender.ts';
import { FakeClock } from './testing.ts';

/** A venue whose answers the test gives one by one. */
function sender(adapter = upbit, sign: RestSenderDeps['sign'] = null, headers: unknown[] = []) {
  const clock = new FakeClock();
  const calls: { readonly url: string; readonly answer: (response: Partial<RestResponse>) => Promise<void>; fail: () => Promise<void> }[] =
    [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const rest = new RestSender({
    adapter,
    clock,
    address: ({ host, path }) => host + path,
    sign,
    get: (url, _forbidden, more) =>
      new Promise((resolve, reject) => {
        headers.push(more);
        calls.push({
          url,
          answer: (response) => {
            resolve({ status: 200, headers: {}, body: new Uint8Array(), ...response });
            return settle();
          },
          fail: () => {
            reject(new Error('nobody there'));
            return settle();
          },
        });
      }),
  });
  const answers: RestResponse[] = [];
  const ask = (request: RestRequest, urgency: 'ordinary' | 'urgent' = 'ordinary', owner: object = {}) =>
    rest.ask({ owner, request, urgency, wanted: () => true, answered: (response) => answers.push(response) });
  return { clock, calls, rest, ask, answers };
}

const book = (code: string): RestRequest => upbit.rest.book([code])[0] as RestRequest;
const codes = (count: number) => Array.from({ length: count }, (_, i) => `KRW-C${i}`);

describe('a venue’s REST requests', () => {
  it('go out within the limit of their class, ordinary ones within four fifths of it', async () => {
    const { clock, calls, ask } = sender();
    for (const code of codes(12)) ask(book(code));
    // At most four at a time.
    while (calls.length < 8) await calls[calls.length - 4]?.answer({});
    for (const call of calls) await call.answer({});
    expect(calls).toHaveLength(8);
    ask(book('KRW-URGENT'), 'urgent');
    expect(calls.at(-1)?.url).toContain('KRW-URGENT');
    await calls.at(-1)?.answer({});
    expect(calls).toHaveLength(9);
    clock.pass(1_001);
    for (let i = 9; i < calls.length; i++) await calls[i]?.answer({});
    expect(calls).toHaveLength(13);
  });

  it.each([429, 500])('wait 0.5, 1, 2, 4 and again 4 s after %d in a row', async (status) => {
    const { clock, calls, ask } = sender();
    ask(book('KRW-BTC'));
    for (const [i, waitMs] of [500, 1_000, 2_000, 4_000, 4_000].entries()) {
      await calls[i]?.answer({ status });
      ask(book('KRW-BTC'));
      clock.pass(waitMs - 1);
      expect(calls).toHaveLength(i + 1);
      clock.pass(10);
      expect(calls).toHaveLength(i + 2);
    }
  });

  it('wait as long as Retry-After says', async () => {
    const { clock, calls, ask } = sender();
    ask(book('KRW-BTC'));
    await calls[0]?.answer({ status: 429, headers: { 'retry-after': '7' } });
    ask(book('KRW-BTC'));
    clock.pass(6_990);
    expect(calls).toHaveLength(1);
    clock.pass(20);
    expect(calls).toHaveLength(2);
  });

  it('wait as long as the venue says, and a little longer when that was not enough', async () => {
    const { clock, calls, ask } = sender();
    ask(book('KRW-BTC'));
    for (const [i, waitMs] of [1_000, 1_000, 2_000, 2_000, 2_000].entries()) {
      await calls[i]?.answer({ status: 429, headers: { 'retry-after': '1' } });
      ask(book('KRW-BTC'));
      clock.pass(waitMs - 1);
      expect(calls).toHaveLength(i + 1);
      clock.pass(10);
      expect(calls).toHaveLength(i + 2);
    }
  });

  it('go out at once when the venue is there again that was away, and not before when it has said wait', async () => {
    const { clock, calls, rest, ask } = sender();
    for (let i = 0; i < 4; i++) {
      ask(book('KRW-BTC'));
      clock.pass(4_000);
      await (i === 3 ? calls[i]?.answer({ status: 502 }) : calls[i]?.fail());
    }
    ask(book('KRW-BTC'));
    expect(calls).toHaveLength(4);
    rest.revived();
    expect(calls).toHaveLength(5);
    await calls[4]?.answer({ status: 429 });
    ask(book('KRW-BTC'));
    rest.revived();
    expect(calls).toHaveLength(5);
    clock.pass(510);
    expect(calls).toHaveLength(6);
  });

  it('rest altogether while the address is banned', async () => {
    const { clock, calls, rest, ask } = sender(binance);
    ask(binance.rest.markets()[0] as RestRequest);
    await calls[0]?.answer({ status: 418, headers: { 'retry-after': '30' } });
    expect(rest.barredMs()).toBe(30_000);
    ask(binance.rest.book(['BTCUSDT'])[0] as RestRequest, 'urgent');
    clock.pass(29_900);
    expect(calls).toHaveLength(1);
    clock.pass(200);
    expect(calls).toHaveLength(2);
  });

  it('hold back when the venue’s own count is near its limit', async () => {
    const { clock, calls, ask } = sender(binance);
    ask(binance.rest.book(['BTCUSDT'])[0] as RestRequest);
    await calls[0]?.answer({ headers: { 'x-mbx-used-weight-1m': '5990' } });
    ask(binance.rest.book(['ETHUSDT'])[0] as RestRequest, 'urgent');
    expect(calls).toHaveLength(1);
    clock.pass(60_100);
    expect(calls).toHaveLength(2);
  });

  it('that are urgent do not wait behind ordinary ones that hang', async () => {
    const { calls, ask } = sender(binance);
    for (const code of codes(10)) ask(binance.rest.book([code])[0] as RestRequest);
    expect(calls).toHaveLength(4);
    for (const code of codes(10)) ask(binance.rest.book([code])[0] as RestRequest, 'urgent');
    expect(calls).toHaveLength(8);
    await calls[0]?.answer({});
    expect(calls).toHaveLength(9);
  });

  it('say that no answer was had, and why', async () => {
    const { calls, ask, answers } = sender();
    ask(book('KRW-BTC'));
    await calls[0]?.fail();
    ask(upbit.rest.wallets()[0] as RestRequest);
    expect(answers.map(({ status, body }) => [status, Buffer.from(body).toString()])).toEqual([
      [0, 'nobody there'],
      [0, 'it needs a key'],
    ]);
  });

  it('are signed at the moment at which they go out, and then ask what was signed', async () => {
    const headers: unknown[] = [];
    const at: number[] = [];
    const { clock, calls, ask, answers } = sender(
      upbit,
      ({ path }) => {
        at.push(clock.monotonicMs());
        return { path: `${path}?signature=1`, headers: { authorization: 'Bearer 1' } };
      },
      headers,
    );
    const wallets = upbit.rest.wallets()[0] as RestRequest;
    ask({ ...wallets, limit: 'orderbook' });
    await calls[0]?.answer({ status: 500 });
    const first = clock.monotonicMs();
    ask({ ...wallets, limit: 'orderbook' });
    clock.pass(600);
    expect(at).toEqual([first, expect.any(Number)]);
    expect(at[1]).toBeGreaterThanOrEqual(first + 500);
    ask(book('KRW-BTC'));
    expect(calls.map(({ url }) => url)).toEqual([
      'https://api.upbit.com/v1/status/wallet?signature=1',
      'https://api.upbit.com/v1/status/wallet?signature=1',
      expect.stringContaining('markets=KRW-BTC'),
    ]);
    expect(headers).toEqual([{ authorization: 'Bearer 1' }, { authorization: 'Bearer 1' }, {}]);
    expect(answers.map(({ status }) => status)).toEqual([500]);
  });

  it('are asked once where the same owner asks again before its turn, and are bounded', async () => {
    const { calls, rest, ask, answers } = sender();
    const owner = {};
    for (let i = 0; i < 20; i++) ask(book('KRW-BTC'), 'ordinary', owner);
    // Four go out at once, the others are one.
    expect(calls).toHaveLength(4);
    for (const call of calls) await call.answer({});
    expect(calls).toHaveLength(5);
    const before = answers.length;
    for (const code of codes(2_000)) ask(book(code));
    expect(rest.counts().overflowed).toBeGreaterThan(1_000);
    // Whoever gets no turn hears so: it would wait for its answer for ever.
    expect(answers.length - before).toBe(rest.counts().overflowed);
    expect(Buffer.from(answers.at(-1)?.body ?? '').toString()).toBe('500 requests wait already');
  });
});
