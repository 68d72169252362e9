import { startSimulator } from '@arb/simulator';
import { VENUES, type VenueKey } from '@arb/venues';
import { httpGet, openSocket } from '@arb/venues/shell';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeShell } from '../index.ts';
import { newSession } from './testing.ts';

const MARKET = {
  coins: ['BTC', 'DOGE'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  booksPerSecond: 100,
  depth: 5,
  seed: '1',
  statusSeconds: 1,
};
const RIGHT: VenueKey = { access: 'simulated', secret: 'simulated' };
const SIGNED = /status\/wallet|capital\/config/;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The live source, whose wires end at the simulated venues: `https://api.upbit.com/v1` at `<simulator>/upbit/v1`. */
async function live(keys: Readonly<Record<string, VenueKey>>) {
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    market: MARKET,
    logPath: null,
    say: () => {},
  });
  ends.push(() => simulator.close());
  const hosts = new Map<string, string>();
  for (const { venue, connection, rest } of VENUES.values()) {
    hosts.set(new URL(connection.url).host, venue);
    for (const { host } of rest.wallets()) hosts.set(new URL(host).host, venue);
  }
  const wired = (url: string, protocol: string): string => {
    const { host, pathname, search } = new URL(url);
    return `${simulator.url.replace('http', protocol)}/${hosts.get(host)}${pathname}${search}`;
  };
  const logged: string[] = [];
  const asked: string[] = [];
  const session = newSession({ ...MARKET, source: 'live' });
  const shell = makeShell({
    time: session.time,
    simulatorUrl: 'http://127.0.0.1:9',
    bankRateUrl: null,
    random: () => 0,
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    recordings: null,
    keys: new Map(Object.entries(keys)),
    openSocket: (url, events) => openSocket(wired(url, 'ws'), events),
    httpGet: (url, forbidden, headers) => {
      asked.push(url);
      return httpGet(wired(url, 'http'), forbidden, headers);
    },
  });
  ends.push(() => shell.onEnd());
  const fault = async (body: object | null): Promise<void> => {
    const given = body === null ? {} : { body: JSON.stringify({ seconds: 60, ...body }), headers: { 'content-type': 'application/json' } };
    expect((await fetch(`${simulator.url}/control/faults`, { method: body === null ? 'DELETE' : 'POST', ...given })).ok).toBe(true);
  };
  shell.onLive(session.context);
  const begin = () => shell.onLease(true);
  const health = (venue: string, fits: (health: { why: string; suspended: readonly string[]; known: boolean }) => boolean) =>
    session.next('health', (one) => one.venue === venue && fits({ ...one, known: one.counters?.walletsKnown === 1 }));
  const about = (venue: string) => logged.filter((line) => line.includes(`${venue} does not tell`));
  return { session, begin, fault, health, logged, asked, about };
}

describe.each(['upbit', 'binance'] as const)('the wallets of %s, live', (venue) => {
  it('are known with a key that may read, and neither the key nor a signature stands anywhere', async () => {
    const key = RIGHT;
    const { session, begin, fault, health, logged, asked } = await live({ [venue]: key });
    await fault({ venue, kind: 'wallet', coin: 'DOGE' });
    const suspended = health(venue, (one) => one.suspended.length > 0);
    begin();
    expect(await suspended).toMatchObject({ suspended: ['DOGE'] });
    const free = health(venue, ({ suspended, known }) => known && suspended.length === 0);
    await fault(null);
    await free;
    expect(asked.filter((url) => SIGNED.test(url)).every((url) => url.includes(venue))).toBe(true);
    const told = JSON.stringify([session.said, logged]);
    for (const secret of ['signature=', 'Bearer', 'access_key', 'apikey']) expect(told).not.toContain(secret);
  });

  it('stay unknown with a key that is refused: said once, with what to do, and nothing else suffers', async () => {
    const wrong = { access: 'planted-access-0123', secret: 'planted-secret-4567' };
    const { session, begin, health, logged, asked, about } = await live({ [venue]: wrong });
    const unknown = health(venue, ({ why }) => why.includes('does not tell the state of its wallets'));
    begin();
    const { state, why, counters } = await unknown;
    expect([state, counters?.walletsKnown]).toEqual(['HEALTHY', 0]);
    expect(why).toMatch(/new key/);
    const again = asked.filter((url) => SIGNED.test(url)).length;
    while (asked.filter((url) => SIGNED.test(url)).length <= again) await session.next('book');
    for (let i = 0; i < 20; i++) await session.next('book', (book) => book.venue === venue);
    expect(about(venue)).toHaveLength(1);
    const told = JSON.stringify([session.said, logged]);
    for (const secret of ['planted-access', 'planted-secret', 'signature=', 'Bearer']) expect(told).not.toContain(secret);
  });

  it('are not asked for without a key: the log says so once', async () => {
    const { session, begin, health, logged, asked } = await live({});
    const healthy = health(venue, () => true);
    begin();
    expect((await healthy).why).toBe('books arrive');
    for (let i = 0; i < 20; i++) await session.next('book', (book) => book.venue === venue);
    expect(asked.filter((url) => SIGNED.test(url))).toEqual([]);
    const [said, ...more] = logged.filter((line) => line.includes(`${venue} tells the state of its wallets to holders of a key only`));
    expect(said).toContain(`ARB_${venue.toUpperCase()}_ACCESS_KEY and ARB_${venue.toUpperCase()}_SECRET_KEY`);
    expect(more).toEqual([]);
  });

  it('that were known keep what was suspended while a key is revoked, and are known anew once it is taken again', async () => {
    const { begin, fault, health, about } = await live({ [venue]: RIGHT });
    await fault({ venue, kind: 'wallet', coin: 'DOGE' });
    const suspended = health(venue, (one) => one.suspended.length > 0);
    begin();
    await suspended;
    const revoked = health(venue, ({ known }) => !known);
    await fault({ venue, kind: 'key-revoked' });
    expect((await revoked).suspended).toEqual(['DOGE']);
    expect(about(venue)).toHaveLength(1);
    const known = health(venue, (one) => one.known && one.suspended.length === 0);
    await fault(null);
    expect((await known).why).not.toContain('wallets');
  }, 30_000);
});

describe('the wallets of binance, live', () => {
  it('are unknown while this machine’s clock is ahead: the reason is the clock', async () => {
    const { begin, fault, health } = await live({ binance: RIGHT });
    await fault({ venue: 'binance', kind: 'clock', ms: -3_000 });
    const unknown = health('binance', ({ why }) => why.includes('-1021'));
    begin();
    expect((await unknown).why).toContain("set this machine's clock");
    const known = health('binance', (one) => one.known);
    await fault(null);
    await known;
  }, 30_000);
});
