import { setTimeout as sleep } from 'node:timers/promises';
import { claimNothingLost } from '../checks/all.ts';
import { noteSessions, wallMs } from '../checks/journal.ts';
import { BUSY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { familyOf } from '../stack/family.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';

const LAG_MS = 1_000;
/** The lag is told by the clock, ten times a second, and a decision may be on its way: so much later no entry may follow. */
const TOLD_WITHIN_MS = 1_000;
const BACK_WITHIN_MS = 60_000;
const SETTLE_MS = 3_000;
const LEAST_AWAY_BOOKS = 20;

const ENTRIES = `
  SELECT count(*)::int AS count FROM events
  WHERE type = 'verdict' AND taken AND body->'data'->>'outcome' IN ('ALLOW', 'REDUCE') AND body->'data'->'decision'->>'kind' = 'enter'
    AND stored_at > to_timestamp($1) AND stored_at < to_timestamp($2)`;
const LAGGING = `
  SELECT count(*)::int AS count FROM events
  WHERE type = 'verdict' AND taken AND body->'data'->>'outcome' IN ('ALLOW', 'REDUCE') AND body->'data'->'decision'->>'kind' = 'enter'
    AND (body->'data'->'numbers'->>'journalLagMs')::float8 > $1`;
const STORED = `SELECT count(*)::int AS count FROM events WHERE type = $3 AND taken AND stored_at > to_timestamp($1) AND stored_at < to_timestamp($2)`;
const REFUSED = `SELECT count(*)::int AS count FROM events WHERE type = 'verdict' AND taken AND body->'data'->>'rule' = 'journal-lag'`;

export const postgresAway: Proof = {
  name: 'postgres-away',
  says: 'no journal, no trade: while Postgres hangs no entry is allowed, the market flows on, and afterwards all of it is journaled',
  shortSeconds: 8,
  usualSeconds: 60,
  run(options) {
    let away = { from: 0, to: 0 };
    return proveOn(
      options,
      { settings: { ...BUSY, ARB_RISK_MAX_JOURNAL_LAG_MS: String(LAG_MS) } },
      async ({ stack, viewer, findings }) => {
        await until('an entry', BACK_WITHIN_MS, () => (viewer.count('fill') > 0 ? true : null));
        const family = familyOf(stack.program('postgres').process?.pid as number);
        const before = { book: viewer.count('book'), l2: viewer.count('l2') };
        for (const pid of family) process.kill(pid, 'SIGSTOP');
        away = { from: wallMs(), to: 0 };
        try {
          await sleep(options.seconds * 1_000);
        } finally {
          away.to = wallMs();
          for (const pid of family.reverse()) process.kill(pid, 'SIGCONT');
        }
        const [books, l2] = [viewer.count('book') - before.book, viewer.count('l2') - before.l2];
        findings.claim(
          books >= LEAST_AWAY_BOOKS && l2 >= LEAST_AWAY_BOOKS,
          `the market flows on while Postgres hangs for ${options.seconds} s: ${books} books, ${l2} l2`,
        );
        const began = performance.now();
        await stack.untilAllServe(BACK_WITHIN_MS).catch((error: Error) => findings.fault(error.message));
        findings.note(`all ready ${Math.round(performance.now() - began)} ms after Postgres went on`);
        const verdicts = viewer.count('fill');
        await until('trade after Postgres went on', BACK_WITHIN_MS, () => (viewer.count('fill') > verdicts ? true : null)).catch(
          (error: Error) => findings.fault(error.message),
        );
        await sleep(SETTLE_MS);
      },
      async (facts, { stack, viewer, findings }) => {
        const quiet = [(away.from + LAG_MS + TOLD_WITHIN_MS) / 1_000, away.to / 1_000];
        const count = async (sql: string, values: readonly unknown[]) => (await facts.rows<{ count: number }>(sql, values))[0]?.count ?? 0;
        const entries = await count(ENTRIES, quiet);
        findings.claim(
          entries === 0,
          `${entries} entries are allowed from ${(LAG_MS + TOLD_WITHIN_MS) / 1_000} s after Postgres hangs until it goes on`,
        );
        findings.note(
          `${await count(ENTRIES, [0, away.from / 1_000])} entries before, ${await count(ENTRIES, [away.to / 1_000, 4e9])} afterwards; ${await count(REFUSED, [])} refused by the rule journal-lag`,
        );
        const lagging = await count(LAGGING, [LAG_MS]);
        findings.claim(lagging === 0, `${lagging} entries were allowed with more than ${LAG_MS} ms of lag`);
        findings.claim((await count(STORED, [...quiet, 'book'])) >= LEAST_AWAY_BOOKS, 'the books of that time are journaled');
        await claimNothingLost(facts, stack, viewer, [{ from: away.from - 1_000, to: away.to + 5_000 }], findings);
        await noteSessions(facts, findings);
      },
    );
  },
};
