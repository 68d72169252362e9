import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@arb/shared/simulation';
import { claimNothingLost, inspect } from '../checks/all.ts';
import { noteSessions, openFacts, type SessionFacts, wallMs } from '../checks/journal.ts';
import type { Outage } from '../checks/sent.ts';
import { openFindings } from '../findings.ts';
import { BUSY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { giveCommand } from '../stack/give-command.ts';
import { type LiveStack, newHome, removeHome, startLiveStack } from '../stack/live-stack.ts';
import { until } from '../stack/until.ts';
import { openViewer, type Viewer } from '../stack/viewer.ts';
import { claimFreshEntries, claimFreshFills, type Resumption } from './entries.ts';
import { type Held, headOf, heldAt, statesAfter } from './states.ts';

const WITHIN_MS = 60_000;
const LEAST_FILLS = 8;
/** Kills are at the sight of one of these, and this much later at most: in the middle of what follows from it. */
const MOMENTS = ['decision', 'verdict', 'order', 'fill', 'position'] as const;
const MOST_LATER_MS = 40;
const SECONDS_A_ROUND = 15;
const LEAST_ROUNDS = 2;

interface Round extends Resumption {
  readonly held: Held;
  readonly deleted: boolean;
  /** Wall time, ms. */
  readonly startedAt: number;
}

export const resume: Proof = {
  name: 'resume',
  says: 'everything killed at one moment in the middle of trades, every other time with what NATS and Redis kept deleted: all that was held is held again, and no more',
  shortSeconds: 1,
  usualSeconds: 90,
  async run({ seconds, seed, out }) {
    const findings = openFindings(out);
    const random = new Random(`resume ${seed}`);
    const home = newHome();
    const rounds: Round[] = [];
    const outages: Outage[] = [];
    let stack = await startLiveStack({ home, settings: BUSY });
    const viewer = await openViewer(stack.natsUrl);

    /** Kills, looks at what the journal holds, starts again. */
    async function round(deleted: boolean): Promise<void> {
      await momentOf(viewer, random);
      const killedAt = wallMs();
      const { killed } = await stack.crash();
      if (deleted) for (const server of ['nats', 'redis']) rmSync(join(home.folder, server), { recursive: true });
      const { before, held } = await inspect(stack, async ({ url }) => {
        const before = { ...(await headOf(url)), killedAt };
        return { before, held: await heldAt(url, before.session, before.head) };
      });
      out(
        `killed ${killed} processes at ${before.session}:${before.head}${deleted ? ', NATS and Redis data deleted' : ''}: ${held.trips.length} round trips, ${held.legs} orders under way, ${held.reservations} reservations, ${held.cooldowns} cooldowns, ${held.accounts} accounts`,
      );
      const startedAt = wallMs();
      stack = await startLiveStack({ home, settings: BUSY });
      findings.note(`all of it served again ${Math.round(wallMs() - startedAt)} ms after it was started`);
      outages.push({ from: killedAt - 2_000, to: wallMs() + 3_000, unwitnessed: true });
      rounds.push({ before, held, deleted, startedAt, after: await goneOn(stack, before, deleted, held, viewer) });
    }

    try {
      const count = Math.max(LEAST_ROUNDS, Math.round(seconds / SECONDS_A_ROUND));
      const first = random.chance(0.5);
      await enoughFills(viewer, null);
      for (let i = 0; i < count; i++) await round((i % 2 === 0) === first);
      // The states of the last round are kept by an orderly end at the latest.
      const { code, said } = await stack.stop();
      findings.claim(code === 0, `the stack ends in order${code === 0 ? '' : `; it ended with ${code}: ${said.slice(-300)}`}`);
    } catch (error) {
      await stack.stop();
      throw error;
    } finally {
      await viewer.close();
    }

    await inspect(stack, async (facts) => {
      for (const { before, after, held, deleted, startedAt } of rounds) {
        const compared = await statesAfter(facts, before.session, before.head + (deleted ? 0 : 1), startedAt);
        for (const { service, position, differs } of compared)
          if (differs !== null)
            findings.fault(`the state of ${service} at ${before.session}:${position} is what its events say: ${differs}`);
        findings.claim(
          compared.every(({ differs }) => differs === null),
          `after the kill at ${before.session}:${before.head} all states of ${compared.map(({ service, position }) => `${service} (${position})`).join(', ')} are what a replay says`,
        );
        const ended = await facts.rows<{ trip: string }>(ENDED, [after.session, endsSince(before, deleted)]);
        const over = new Set(ended.map(({ trip }) => trip));
        const left = held.trips.filter((trip) => !over.has(trip));
        findings.claim(
          left.length === 0,
          `all ${held.trips.length} round trips that were open then ended in ${after.session}${left.length === 0 ? '' : `, but not ${left.slice(0, 5).join(', ')}`}`,
        );
        await claimFreshEntries(facts, { before, after }, findings);
        await claimFreshFills(facts, { before, after }, findings);
      }
      findings.claim(
        rounds.some(({ held }) => held.trips.length > 0 && held.reservations > 0),
        `${rounds.reduce((sum, { held }) => sum + held.trips.length, 0)} round trips were open at ${rounds.length} kills`,
      );
      await claimNothingLost(facts, stack, viewer, outages, findings);
      await noteSessions(facts, findings);
    });
    const result = findings.result();
    if (result.ok) removeHome(home);
    else out(`kept for a look: ${home.folder}`);
    return result;
  },
};

const ENDED = `
  SELECT body->'data'->>'trip' AS trip FROM events WHERE session = $1 AND position > $2 AND type = 'position' AND taken
    AND body->'data'->>'state' IN ('CLOSED', 'UNWOUND', 'FAILED')`;
const RESUMED = `
  SELECT max(position)::float8 AS position FROM events WHERE session = $1 AND position > $2 AND type = 'session.resumed' AND taken`;

/** What the stream held above the journal's head at the kill stands in the same session, before it is resumed. */
function endsSince(before: Round['before'], deleted: boolean): number {
  return deleted ? 0 : before.head;
}

/** A moment that the seed names, with something under way. */
async function momentOf(viewer: Viewer, random: Random): Promise<void> {
  const sight = MOMENTS[random.below(MOMENTS.length)] as string;
  const later = random.below(MOST_LATER_MS);
  await new Promise<void>((resolve) => viewer.onNext(sight, resolve));
  await sleep(later);
}

/** Waits until it trades again and all that was open has ended; where events were lost a person has to let it. */
async function goneOn(
  stack: LiveStack,
  before: Round['before'],
  deleted: boolean,
  { trips }: Held,
  viewer: Viewer,
): Promise<Round['after']> {
  const facts = await openFacts(stack.postgresUrl);
  try {
    const present = (await facts.sessions()).at(-1) as SessionFacts;
    if ((present.id !== before.session) !== deleted || (deleted && present.parent !== before.session))
      throw new Error(
        `expected ${deleted ? `a child of ${before.session}` : `${before.session} to go on`}, found ${present.id}, whose parent is ${present.parent}`,
      );
    // The new journal says so on the stream first; it stands in the journal a moment later.
    const resumed = async () => (await facts.rows<{ position: number | null }>(RESUMED, [present.id, before.head]))[0]?.position ?? null;
    const position = deleted ? 0 : await until(`${present.id} to be resumed above ${before.head}`, WITHIN_MS, resumed);
    const after = { session: present.id, position };
    await until(`the ${trips.length} round trips that were open to end`, WITHIN_MS, async () => {
      const ended = new Set(
        (await facts.rows<{ trip: string }>(ENDED, [after.session, endsSince(before, deleted)])).map(({ trip }) => trip),
      );
      return trips.every((trip) => ended.has(trip)) ? true : null;
    });
    if (deleted) await giveCommand(stack, present.id, 'go-on', 'the loss was looked at');
    await enoughFills(viewer, present.id);
    return after;
  } finally {
    await facts.close();
  }
}

async function enoughFills(viewer: Viewer, session: string | null): Promise<void> {
  const count = () => (session === null ? viewer.count('fill') : viewer.count('fill', session));
  const before = count();
  await until('trade', WITHIN_MS, () => (count() >= before + LEAST_FILLS ? true : null));
}
