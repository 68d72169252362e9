import type { RestRequest, RestResponse, Signing } from '@arb/venues';
import { afterEach, describe, expect, it } from '@jest/globals';
import { KNOWN_KEY } from '../server/known-key.ts';
import { adapterOf, ask, signed } from '../testing/adapter-client.ts';
import { Ends } from '../testing/simulated.ts';

const ends = new Ends();
afterEach(() => ends.run());

const text = ({ status, body }: RestResponse): string => `${status} ${Buffer.from(body).toString()}`;

describe.each(['upbit', 'binance'] as const)('the wallets of %s, simulated', (venue) => {
  const wallets = adapterOf(venue).rest.wallets()[0] as RestRequest;

  async function answers(more: Partial<Signing> | null) {
    const { url } = await ends.simulator();
    return ask(url, venue, more === null ? wallets : signed(venue, wallets, more));
  }

  it('are told to whoever holds the key', async () => {
    expect((await answers({})).status).toBe(200);
  });

  it('are not told without one', async () => {
    expect(text(await answers(null))).toMatch(venue === 'upbit' ? /^401 .*"jwt_verification"/ : /^401 .*-2014/);
  });

  it('are not told to a key that nobody knows', async () => {
    expect(text(await answers({ key: { ...KNOWN_KEY, access: 'another' } }))).toMatch(
      venue === 'upbit' ? /^401 .*"invalid_access_key"/ : /^401 .*-2015/,
    );
  });

  it('are not told where the signature is of another secret', async () => {
    expect(text(await answers({ key: { ...KNOWN_KEY, secret: 'another' } }))).toMatch(
      venue === 'upbit' ? /^401 .*"jwt_verification"/ : /^400 .*-1022/,
    );
  });
});

describe('the wallets of upbit, simulated', () => {
  const wallets = adapterOf('upbit').rest.wallets()[0] as RestRequest;

  it('are not told to a token that was used before', async () => {
    const { url } = await ends.simulator();
    const request = signed('upbit', wallets);
    expect((await ask(url, 'upbit', request)).status).toBe(200);
    expect(text(await ask(url, 'upbit', request))).toMatch(/^401 .*"nonce_used"/);
  });

  it('are told whatever the time is: a token says nothing of it', async () => {
    const { url } = await ends.simulator();
    expect((await ask(url, 'upbit', signed('upbit', wallets, { nowMs: 0 }))).status).toBe(200);
  });

  it.each(['Basic abc', 'Bearer', 'Bearer a.b.c', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Bearer bnVsbA.bnVsbA.x'])(
    'are not told for %s',
    async (authorization) => {
      const { url } = await ends.simulator();
      expect(text(await ask(url, 'upbit', { path: wallets.path, headers: { authorization } }))).toMatch(/^401 /);
    },
  );
});

describe('the wallets of binance, simulated', () => {
  const wallets = adapterOf('binance').rest.wallets()[0] as RestRequest;

  it.each([
    ['older than its window', -6_000, 400],
    ['a little old', -2_000, 200],
    ['a little ahead', 500, 200],
    ['ahead by more than a second', 3_000, 400],
  ])('a request that is %s', async (_what, offMs, status) => {
    const { url } = await ends.simulator();
    const answer = await ask(url, 'binance', signed('binance', wallets, { nowMs: Date.now() + offMs }));
    expect(answer.status).toBe(status);
    if (status === 400) expect(text(answer)).toContain('-1021');
  });

  it.each([
    ['recvWindow=5000&timestamp=1', '-1102'],
    ['timestamp=x&signature=y', '-1021'],
    [`recvWindow=60001&timestamp=${Date.now()}&signature=y`, '-1131'],
  ])('are not told for ?%s', async (query, code) => {
    const { url } = await ends.simulator();
    const headers = { 'x-mbx-apikey': KNOWN_KEY.access };
    expect(text(await ask(url, 'binance', { path: `${wallets.path}?${query}`, headers }))).toContain(code);
  });
});
