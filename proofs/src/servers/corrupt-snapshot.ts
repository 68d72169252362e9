import { claimNothingLost } from '../checks/all.ts';
import { type JournalFacts, openFacts } from '../checks/journal.ts';
import { BUSY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { arb } from '../stack/command.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';

const SERVICE = 'executor';
const WITHIN_MS = 60_000;
const SNAPSHOTS = 2;

interface Stored {
  readonly session: string;
  readonly position: number;
  readonly body: string;
}
const NEWEST = 'SELECT session, position::float8 AS position, body FROM snapshots WHERE service = $1 ORDER BY created_at DESC LIMIT 2';
const CHANGE = 'UPDATE snapshots SET body = $4 WHERE session = $1 AND service = $2 AND position = $3';

export const corruptSnapshot: Proof = {
  name: 'corrupt-snapshot',
  says: 'a snapshot with one wrong byte is refused and the one before it used; the state is right all the same',
  shortSeconds: 1,
  usualSeconds: 1,
  run(options) {
    let corrupted: Stored | null = null;
    return proveOn(
      options,
      { settings: BUSY },
      async ({ stack, viewer, findings }) => {
        const facts = await openFacts(stack.postgresUrl);
        try {
          // Each orderly end leaves a snapshot: no need to wait for the next ones in the usual rhythm.
          for (let count = 0; count < SNAPSHOTS; count++)
            await stack.untilServesAgain(SERVICE, stack.kill(SERVICE, 'SIGTERM') as number, WITHIN_MS);
          const [newest, before] = await until(`two snapshots of ${SERVICE}`, WITHIN_MS, async () => {
            const found = await facts.rows<Stored>(NEWEST, [SERVICE]);
            return found.length < 2 ? null : (found as [Stored, Stored]);
          });
          corrupted = newest;
          await put(facts, { ...newest, body: flipped(newest.body) });
          const pid = stack.kill(SERVICE) as number;
          await stack.untilServesAgain(SERVICE, pid, WITHIN_MS);
          const said = stack.logOf(SERVICE).split('\n');
          findings.claim(
            said.some((line) => line.includes('snapshot is corrupt') && line.includes(`"position":${newest.position},`)),
            `${SERVICE} says that the snapshot at ${newest.position} is corrupt`,
          );
          findings.claim(
            said.some((line) => line.includes('restored from a snapshot') && line.includes(`"position":${before.position}}`)),
            `${SERVICE} goes on from the one before, at ${before.position}`,
          );
          const fills = viewer.count('fill');
          await until('trade afterwards', WITHIN_MS, () => (viewer.count('fill') > fills ? true : null)).catch((error: Error) =>
            findings.fault(error.message),
          );
        } finally {
          await facts.close();
        }
      },
      async (facts, { stack, viewer, findings }) => {
        const { session, position } = corrupted as Stored;
        const { code, out } = await arb(['verify', session, '--json'], { ARB_HOME: stack.home.folder, ARB_POSTGRES_URL: facts.url });
        const { faults } = JSON.parse(out) as { faults: { check: string; position: number }[] };
        findings.claim(
          code === 1 && faults.length === 1 && faults[0]?.check === 'snapshot' && faults[0].position === position,
          `arb verify names the wrong snapshot at ${position}, and nothing else`,
        );
        await put(facts, corrupted as Stored);
        await claimNothingLost(facts, stack, viewer, [], findings);
      },
    );
  },
};

function put(facts: JournalFacts, { session, position, body }: Stored): Promise<unknown> {
  return facts.rows(CHANGE, [session, SERVICE, position, body]);
}

/** One digit in the middle becomes another: still JSON, and another state. */
function flipped(body: string): string {
  const middle = Math.floor(body.length / 2);
  const place = middle + body.slice(middle).search(/[1-8]/);
  return `${body.slice(0, place)}${Number(body[place]) + 1}${body.slice(place + 1)}`;
}
