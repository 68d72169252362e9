import { openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';
import { FAULTS, type NamedFault } from './faults.ts';
import { judge, type Verdict } from './judge.ts';
import { playFault, VENUES } from './scene.ts';

const RIGHT_WITHIN_MS = 3_000;
/** A book that is not renewed is fresh for five seconds, and comes by a way and through a machine that take their time. */
const FRESH_AT_MOST_MS = 6_000;
const SIDE_BY_SIDE = 4;
/** What a scene takes beside its fault: to begin, to recover, to be watched and judged. */
const AROUND_SECONDS = 4;
const LEAST_SECONDS = 1.5;
const MOST_SECONDS = 12;

/** Every fault of the simulated venues, each in a market of its own, a few of them side by side. */
export const marketFaults: Proof = {
  name: 'market-faults',
  says: 'every fault of every simulated venue: no wrong book, none fresh for long that is over, and right again within 3 s of its end',
  shortSeconds: 30,
  usualSeconds: 90,
  async run({ seconds, seed, out }) {
    const findings = openFindings(out);
    const each = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, (seconds * SIDE_BY_SIDE) / FAULTS.length - AROUND_SECONDS));
    findings.note(`${FAULTS.length} faults at ${VENUES.map(({ name }) => name).join(' and ')}, ${each.toFixed(1)} s each`);
    findings.note(
      `${'fault'.padEnd(18)} ${'venue'.padEnd(8)} ${'right again'.padStart(11)} ${'oldest fresh'.padStart(12)} ${'fresh'.padStart(6)} ${'books'.padStart(6)} ${'wrong'.padStart(5)} ${'held up'.padStart(8)}  health`,
    );
    const waiting = [...FAULTS];
    const slowest = new Map<string, number>();
    const lane = async (): Promise<void> => {
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
        const { name } = fault;
        const verdicts = await tried(fault, each, seed).catch((error: Error) => {
          findings.fault(`${name}: ${error.message}`);
          return [];
        });
        for (const verdict of verdicts) {
          const { venue, rightAfterMs, oldestFreshMs, wrong, books } = verdict;
          findings.note(line(name, verdict));
          if (wrong.length > 0) findings.fault(`${name} at ${venue}: ${wrong.length} of ${books} books are wrong, the first: ${wrong[0]}`);
          if (oldestFreshMs > FRESH_AT_MOST_MS)
            findings.fault(`${name} at ${venue}: a book was fresh that had been over for ${Math.round(oldestFreshMs)} ms`);
          if (rightAfterMs === null || rightAfterMs > RIGHT_WITHIN_MS)
            findings.fault(`${name} at ${venue}: right again ${rightAfterMs === null ? 'never' : `after ${Math.round(rightAfterMs)} ms`}`);
          slowest.set(venue, Math.max(slowest.get(venue) ?? 0, rightAfterMs ?? Number.POSITIVE_INFINITY));
        }
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
    for (const [venue, ms] of slowest)
      findings.claim(ms <= RIGHT_WITHIN_MS, `${venue} was right again ${Math.round(ms)} ms after the end of a fault at the latest`);
    findings.claim(slowest.size === VENUES.length, `${slowest.size} of ${VENUES.length} venues were judged`);
    return findings.result();
  },
};

async function tried(fault: NamedFault, seconds: number, seed: string): Promise<readonly Verdict[]> {
  return judge(await playFault(fault, seconds, seed));
}

function line(name: string, { venue, rightAfterMs, oldestFreshMs, freshShare, books, wrong, heldUpMs, health }: Verdict): string {
  const right = rightAfterMs === null ? 'never' : `${Math.round(rightAfterMs)} ms`;
  const fresh = `${Math.round(freshShare * 100)} %`;
  return `${name.padEnd(18)} ${venue.padEnd(8)} ${right.padStart(11)} ${`${Math.round(oldestFreshMs)} ms`.padStart(12)} ${fresh.padStart(6)} ${String(books).padStart(6)} ${String(wrong.length).padStart(5)} ${`${Math.round(heldUpMs)} ms`.padStart(8)}  ${health.join(' ')}`;
}
