import type { SessionConfig } from '@arb/shared/core';
import { TEST_CONFIG } from '@arb/shared/core/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { claimFilledWithin } from '../checks/fills.ts';
import type { SessionFacts } from '../checks/journal.ts';
import { claimOneOutcome } from '../checks/outcomes.ts';
import { openFindings } from '../findings.ts';
import { until } from '../stack/until.ts';
import { claimFreshEntries, claimFreshFills } from './entries.ts';
import { openSmallStack, type SmallStack } from './small-stack.ts';
import { type Held, heldAt, statesAfter } from './states.ts';

// Each waits for several things in a row.
jest.setTimeout(300_000);

const WITHIN_MS = 60_000;
const DEAR_BPS = 100;
const CONFIG: SessionConfig = {
  ...TEST_CONFIG,
  strategy: { ...TEST_CONFIG.strategy, maxHoldSeconds: 600, cooldownMs: 200, takeProfitBps: 30, stopLossBps: 150 },
  risk: { ...TEST_CONFIG.risk, maxExposure: '2000' },
};

let stack: SmallStack;
afterEach(() => stack.close());

async function trips(session: string, states: readonly string[]): Promise<readonly string[]> {
  const rows = await stack.facts.rows<{ trip: string }>(
    `SELECT body->'data'->>'trip' AS trip FROM events WHERE session = $1 AND type = 'position' AND taken AND body->'data'->>'state' = ANY($2) ORDER BY position`,
    [session, states],
  );
  return rows.map(({ trip }) => trip);
}

async function headOf(session: string): Promise<number> {
  return (await stack.facts.sessions()).find(({ id }) => id === session)?.head ?? 0;
}

/** Opens a round trip in each of these coins and lets the market fall silent. */
async function openTrips(session: string, coins: readonly string[]): Promise<readonly string[]> {
  for (const coin of coins) stack.market.gaps.set(coin, DEAR_BPS);
  const open = await until('round trips to open', WITHIN_MS, async () => {
    const found = (await trips(session, ['OPEN'])).filter((trip) => coins.some((coin) => trip.startsWith(`${coin}-`)));
    return found.length >= coins.length ? found : null;
  });
  stack.market.quiet = true;
  return open;
}

/** What the journal says after the kill, and that it is what the services say that came back. */
async function resumed(before: SessionFacts, wishes: Parameters<SmallStack['start']>[0] & { readonly withoutStream?: boolean } = {}) {
  const { withoutStream = false, ...start } = wishes;
  const killedAt = Date.now();
  await stack.crash({ withoutStream });
  const head = await headOf(before.id);
  const held = await heldAt(urlOf(), before.id, head);
  const since = Date.now();
  const after = await stack.start(start);
  const from = head + (after.id === before.id ? 1 : 0);
  if (after.id === before.id) await untilKept(after.id, from);
  const at = after.id === before.id ? await positionOf('session.resumed', after.id) : 0;
  return { head, killedAt, held, after, at, compared: await statesAfter(stack.facts, before.id, await endOr(before.id, from), since) };
}

const urlOf = (): string => stack.facts.url;
const endOr = async (session: string, from: number) => (await stack.facts.sessions()).find(({ id }) => id === session)?.end ?? from;

/** Until every core has kept a state from after a position. */
function untilKept(session: string, from: number): Promise<true> {
  return until('states to be kept', WITHIN_MS, async () => {
    const [row] = await stack.facts.rows<{ services: number }>(
      'SELECT count(DISTINCT service)::int AS services FROM snapshots WHERE session = $1 AND position >= $2',
      [session, from],
    );
    return row?.services === 5 ? true : null;
  });
}

async function positionOf(type: string, session: string): Promise<number> {
  const [row] = await stack.facts.rows<{ position: number }>(
    'SELECT max(position)::float8 AS position FROM events WHERE session = $1 AND type = $2 AND taken',
    [session, type],
  );
  return row?.position ?? 0;
}

/** What a position may not change by itself: accounts, round trips, reservations, losses, what rests. */
function belongings({ states }: Held) {
  const [executor, risk] = [states.executor.state, states.risk.state] as unknown as Record<string, unknown>[];
  const { ledger, trips } = executor as { ledger: unknown; trips: readonly { id: string; state: string }[] };
  const { reservations, closures, paused, losses } = risk as Record<string, unknown>;
  return { ledger, trips: trips.map(({ id }) => id), reservations, closures, paused, losses };
}

async function closeAll(session: string, open: readonly string[]): Promise<void> {
  for (const coin of stack.market.gaps.keys()) stack.market.gaps.set(coin, 0);
  stack.market.quiet = false;
  await until('round trips to close', WITHIN_MS, async () => {
    const over = await trips(session, ['CLOSED', 'UNWOUND']);
    return open.every((trip) => over.includes(trip)) ? true : null;
  });
}

async function nothingTwice(
  before: { readonly session: string; readonly head: number; readonly killedAt: number },
  after: { session: string; position: number },
) {
  const lines: string[] = [];
  const findings = openFindings((line) => lines.push(line));
  await claimOneOutcome(stack.facts, findings);
  await claimFilledWithin(stack.facts, findings);
  await claimFreshEntries(stack.facts, { before, after }, findings);
  await claimFreshFills(stack.facts, { before, after }, findings);
  expect(lines.filter((line) => line.startsWith('DOES NOT HOLD'))).toEqual([]);
}

describe('after everything was killed at once', () => {
  it('one coin: its open round trip, ledgers and reservation are as before, and it is closed once', async () => {
    stack = await openSmallStack({ ...CONFIG, market: { ...CONFIG.market, coins: ['BTC'] } });
    const before = await stack.start();
    const open = await openTrips(before.id, ['BTC']);
    const { head, killedAt, held, after, at, compared } = await resumed(before);
    expect(after.id).toBe(before.id);
    expect(compared.map(({ differs }) => differs)).toEqual([null, null, null, null, null]);
    expect(held).toMatchObject({ trips: open, reservations: 1 });
    expect(belongings(await heldAt(urlOf(), after.id, await headOf(after.id)))).toEqual(belongings(held));
    await closeAll(after.id, open);
    await nothingTwice({ session: before.id, head, killedAt }, { session: after.id, position: at });
  });

  it('several coins, the stream lost: a child holds all of it, enters nothing before go-on, and closes each round trip', async () => {
    stack = await openSmallStack(CONFIG);
    const before = await stack.start();
    const open = await openTrips(before.id, ['BTC', 'ETH', 'XRP']);
    const { head, killedAt, held, after, compared } = await resumed(before, { withoutStream: true });
    expect(after).toMatchObject({ parent: before.id, parentPosition: head });
    expect(compared.map(({ differs }) => differs)).toEqual([null, null, null, null, null]);
    expect([...held.trips].sort()).toEqual([...open].sort());
    expect(belongings(await heldAt(urlOf(), after.id, await headOf(after.id)))).toEqual(belongings(held));
    await closeAll(after.id, open);
    for (const coin of stack.market.gaps.keys()) stack.market.gaps.set(coin, DEAR_BPS);
    await until('entries to be refused', WITHIN_MS, async () => ((await refusals(after.id)).includes('mode') ? true : null));
    expect(await verdicts(after.id)).toEqual([]);
    await stack.command(after.id, 'go-on');
    await until('an entry', WITHIN_MS, async () => ((await verdicts(after.id)).some(({ outcome }) => outcome === 'ALLOW') ? true : null));
    await nothingTwice({ session: before.id, head, killedAt }, { session: after.id, position: 0 });
  });

  it('risk: losses, a cooldown, a pause and what is reserved go on, and refuse what they refused', async () => {
    stack = await openSmallStack({ ...CONFIG, risk: { ...CONFIG.risk, maxCoinLossesInRow: 1, coinCooldownMs: 600_000 } });
    const before = await stack.start();
    await openTrips(before.id, ['BTC']);
    stack.market.gaps.set('BTC', DEAR_BPS * 4);
    stack.market.quiet = false;
    await until('a loss', WITHIN_MS, async () => ((await trips(before.id, ['CLOSED'])).length >= 1 ? true : null));
    stack.market.gaps.set('BTC', 0);
    await stack.command(before.id, 'pause', 'XRP');
    await openTrips(before.id, ['ETH']);
    await until('an open round trip in ETH', WITHIN_MS, async () => {
      const held = await heldAt(urlOf(), before.id, await headOf(before.id));
      return held.reservations === 1 && held.legs === 0 ? true : null;
    });
    const { held, after, compared } = await resumed(before);
    expect(compared.map(({ differs }) => differs)).toEqual([null, null, null, null, null]);
    const kept = belongings(held) as { closures: { what: string }[]; paused: string[]; losses: { daily: string } };
    expect(kept.closures.map(({ what }) => what)).toEqual(['BTC']);
    expect(kept.paused).toEqual(['XRP']);
    expect(Number(kept.losses.daily)).toBeLessThan(0);
    const now = await headOf(after.id);
    expect(belongings(await heldAt(urlOf(), after.id, now))).toEqual(belongings(held));
    stack.market.gaps.set('BTC', DEAR_BPS).set('XRP', DEAR_BPS);
    stack.market.quiet = false;
    await until('a refusal', WITHIN_MS, async () => ((await verdicts(after.id, now)).length >= 1 ? true : null));
    expect(new Set((await verdicts(after.id, now)).map(({ coin, outcome }) => `${coin} ${outcome}`))).toEqual(new Set(['BTC COOLDOWN']));
  });

  it('resumed under another configuration a child holds everything; started clean nothing is held but the opening balances', async () => {
    stack = await openSmallStack(CONFIG);
    const before = await stack.start();
    const open = await openTrips(before.id, ['BTC']);
    const changed: SessionConfig = { ...CONFIG, strategy: { ...CONFIG.strategy, minEdgeBps: 20 } };
    const { held, after, compared } = await resumed(before, { config: changed });
    expect(after.parent).toBe(before.id);
    expect(compared.map(({ differs }) => differs)).toEqual([null, null, null, null, null]);
    const child = await heldAt(urlOf(), after.id, await headOf(after.id));
    expect(child.trips).toEqual(open);
    expect(belongings(child)).toEqual(belongings(held));
    await stack.crash();
    const clean = await stack.start({ config: changed, clean: true });
    expect(clean.parent).toBeNull();
    const begun = await until('the first event in the journal', WITHIN_MS, async () => (await headOf(clean.id)) || null);
    const anew = await heldAt(urlOf(), clean.id, begun);
    expect(anew).toMatchObject({ trips: [], reservations: 0, legs: 0 });
    const { ledger } = belongings(anew) as { ledger: [string, [string, string][]][] };
    expect(
      Object.fromEntries(
        ledger.map(([venue, accounts]) => [venue, Object.fromEntries(accounts.map(([currency, holds]) => [currency, holds]))]),
      ),
    ).toEqual(CONFIG.executor.openingBalances);
  });

  it('a corrupted snapshot is refused, the one before it used, and the state is the same', async () => {
    stack = await openSmallStack({ ...CONFIG, market: { ...CONFIG.market, coins: ['BTC'] } });
    const before = await stack.start();
    const open = await openTrips(before.id, ['BTC']);
    await until('two states of the executor', WITHIN_MS, async () => ((await newest(before.id)).length >= 2 ? true : null));
    await stack.crash();
    const head = await headOf(before.id);
    const held = await heldAt(urlOf(), before.id, head);
    const [last, previous] = (await newest(before.id)) as [Stored, Stored];
    await stack.facts.rows('UPDATE snapshots SET body = $3 WHERE session = $1 AND service = $4 AND position = $2', [
      before.id,
      last.position,
      last.body.replace(/"state":"OPEN"|"ledger"/, (found) => found.replace('e', 'E')),
      'executor',
    ]);
    const since = Date.now();
    const after = await stack.start();
    expect(after.id).toBe(before.id);
    expect(stack.log.filter((line) => line.startsWith('executor: ') && line.includes(`"position":${last.position},`))).toEqual([
      expect.stringContaining('snapshot is corrupt, using the one before it'),
    ]);
    expect(stack.log).toContainEqual(expect.stringContaining(`restored from a snapshot {"position":${previous.position}}`));
    await untilKept(after.id, head + 1);
    expect((await statesAfter(stack.facts, before.id, head + 1, since)).map(({ differs }) => differs)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(belongings(await heldAt(urlOf(), after.id, await headOf(after.id)))).toEqual(belongings(held));
    await closeAll(after.id, open);
  });
});

interface Stored {
  readonly position: number;
  readonly body: string;
}
function newest(session: string): Promise<readonly Stored[]> {
  return stack.facts.rows<Stored>(
    "SELECT position::float8 AS position, body FROM snapshots WHERE session = $1 AND service = 'executor' ORDER BY position DESC LIMIT 2",
    [session],
  );
}

interface Verdict {
  readonly coin: string;
  readonly outcome: string;
  readonly rule: string | null;
}
/** On entries. */
function verdicts(session: string, after = 0): Promise<readonly Verdict[]> {
  return stack.facts.rows<Verdict>(
    `SELECT v.body->'data'->>'coin' AS coin, v.body->'data'->>'outcome' AS outcome, v.body->'data'->>'rule' AS rule
     FROM events v JOIN events d ON d.session = v.session AND v.cause = d.position::text
     WHERE v.session = $1 AND v.position > $2 AND v.type = 'verdict' AND v.taken AND d.body->'data'->>'kind' = 'enter'`,
    [session, after],
  );
}

/** Rules by which the strategy has not even asked. */
async function refusals(session: string): Promise<readonly string[]> {
  const rows = await stack.facts.rows<{ rule: string }>(
    `SELECT DISTINCT body->'data'->>'rule' AS rule FROM events WHERE session = $1 AND type = 'decision' AND taken AND body->'data'->>'kind' = 'skipped'`,
    [session],
  );
  return rows.map(({ rule }) => rule);
}
