import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from '../checks/all.ts';
import { carried, claimCarried } from '../checks/carried.ts';
import { type JournalFacts, noteSessions, openFacts, type SessionFacts } from '../checks/journal.ts';
import { claimOneOutcome } from '../checks/outcomes.ts';
import { claimVerified } from '../checks/verified.ts';
import { type Findings, openFindings } from '../findings.ts';
import { STEADY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { type LiveStack, newHome, removeHome, type StackWishes, startLiveStack } from '../stack/live-stack.ts';
import { until } from '../stack/until.ts';
import { claimLiveHandover, settingsFile } from './live-handover.ts';

const WITHIN_MS = 60_000;
const CHANGED = { ...STEADY, ARB_STRATEGY_MIN_EDGE_BPS: '16' };

export const handover: Proof = {
  name: 'handover',
  says: 'a restart goes on with the same session, a changed setting hands over to a child with all open legs, running or not, --clean begins anew',
  shortSeconds: 1,
  usualSeconds: 15,
  async run({ seconds, out }) {
    const findings = openFindings(out);
    const home = newHome();
    let last: LiveStack | null = null;

    async function once(
      wishes: StackWishes,
      name: string,
      live: (stack: LiveStack) => Promise<void> = async () => {},
    ): Promise<readonly SessionFacts[]> {
      const stack = await startLiveStack({ ...wishes, home });
      last = stack;
      let sessions: readonly SessionFacts[];
      try {
        const facts = await openFacts(stack.postgresUrl);
        const [{ count } = { count: 0 }] = await facts.rows<{ count: number }>(FILLS);
        await until(`trade, ${name}`, WITHIN_MS, async () => ((await facts.rows<{ count: number }>(FILLS))[0]?.count ?? 0) > count || null);
        await sleep(seconds * 1_000);
        await live(stack);
        sessions = await facts.sessions();
        const present = sessions.at(-1) as SessionFacts;
        if (present.parent !== null)
          await until(`every open round trip to go on, ${name}`, WITHIN_MS, async () =>
            (await carried(facts, present.parent as string, present.id)).unheard.length === 0 ? true : null,
          ).catch((error: Error) => findings.fault(error.message));
        await facts.close();
      } finally {
        const { code, said } = await stack.stop();
        findings.claim(code === 0, `the stack ends in order, ${name}${code === 0 ? '' : `; it ended with ${code}: ${said.slice(-300)}`}`);
      }
      findings.note(`${name}: ${sessions.map(({ id, status }) => `${id} ${status}`).join(', ')}`);
      return sessions;
    }

    const [first] = (await once({ settings: STEADY }, 'at first')) as [SessionFacts];
    const again = await once({ settings: STEADY }, 'started again');
    findings.claim(again.length === 1 && again[0]?.id === first.id, 'without a change the same session goes on');
    const changed = await once({ settings: CHANGED }, 'with another setting');
    const child = changed[1];
    findings.claim(
      changed.length === 2 && changed[0]?.status === 'ended' && child?.parent === first.id && child.parentPosition === changed[0].end,
      'with another setting the session is cut, and a child goes on from its end',
    );
    const flags = ['--config', settingsFile(home.folder, 16)];
    const live = await once({ settings: STEADY, flags }, 'handed over while it runs', (stack) => claimLiveHandover(stack, findings));
    findings.claim(
      live.length === 4 && live[3]?.parent === live[2]?.id && live[2]?.parent === live[1]?.id,
      'the same setting from another place is no change at a start; a handover is made when it is asked for',
    );
    const cleaned = await once({ settings: CHANGED, flags: ['--clean'] }, 'with --clean');
    findings.claim(cleaned.length === 5 && cleaned[4]?.parent === null, 'with --clean a new session begins that has no parent');

    await inspect(last as unknown as LiveStack, async (facts) => {
      await claimVerified(facts, home.folder, findings);
      await claimOneOutcome(facts, findings);
      if (child !== undefined) {
        await claimCarried(facts, first.id, child.id, findings);
        await notePause(facts, first.id, child.id, findings);
      }
      await noteSessions(facts, findings);
    });
    const result = findings.result();
    if (result.ok) removeHome(home);
    else out(`kept for a look: ${home.folder}`);
    return result;
  },
};

const FILLS = "SELECT count(*)::int AS count FROM events WHERE type = 'fill' AND taken";
const ENTRIES_BEFORE_CUT = `
  SELECT count(*)::int AS count FROM events WHERE session = $1 AND type = 'verdict' AND taken
    AND body->'data'->>'outcome' IN ('ALLOW', 'REDUCE') AND body->'data'->'decision'->>'kind' = 'enter'
    AND position > (SELECT max(position) FROM events WHERE session = $1 AND type = 'session.resumed')`;
const PAUSE = `
  SELECT
    (SELECT extract(epoch FROM stored_at)::float8 FROM events WHERE session = $1 AND type = 'verdict' AND taken ORDER BY position DESC LIMIT 1) AS "lastVerdict",
    (SELECT extract(epoch FROM stored_at)::float8 FROM events WHERE session = $1 AND type = 'session.resumed' ORDER BY position DESC LIMIT 1) AS resumed,
    (SELECT extract(epoch FROM stored_at)::float8 FROM events WHERE session = $1 AND type = 'session.stopping' ORDER BY position DESC LIMIT 1) AS stopping,
    (SELECT extract(epoch FROM stored_at)::float8 FROM events WHERE session = $1 AND type = 'session.stopped' ORDER BY position DESC LIMIT 1) AS stopped,
    (SELECT extract(epoch FROM stored_at)::float8 FROM events WHERE session = $2 AND position = 1) AS started,
    (SELECT extract(epoch FROM min(stored_at))::float8 FROM events WHERE session = $2 AND type = 'l2') AS "firstL2",
    (SELECT extract(epoch FROM min(stored_at))::float8 FROM events WHERE session = $2 AND type = 'verdict') AS "firstVerdict"`;

async function notePause(facts: JournalFacts, parent: string, child: string, findings: Findings): Promise<void> {
  const [row] = await facts.rows<Record<string, number | null>>(PAUSE, [parent, child]);
  const ms = (from: string, to: string) =>
    row?.[from] == null || row[to] == null ? 'not known' : `${Math.round(((row[to] as number) - (row[from] as number)) * 1_000)} ms`;
  findings.note(`time without verdicts, with the stop and the start of the whole stack: ${ms('lastVerdict', 'firstVerdict')}`);
  const [entries] = await facts.rows<{ count: number }>(ENTRIES_BEFORE_CUT, [parent]);
  findings.note(`entries allowed under the old settings between the restart and the cut: ${entries?.count}`);
  findings.note(
    `of it: stopping to stopped ${ms('stopping', 'stopped')}, to the child's first event ${ms('stopped', 'started')}, to its first l2 ${ms('started', 'firstL2')}, to its first verdict ${ms('firstL2', 'firstVerdict')}`,
  );
}
