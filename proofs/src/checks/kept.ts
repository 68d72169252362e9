import { rootOf } from '@arb/shared/contracts';
import type { Findings } from '../findings.ts';
import type { Seen, Viewer } from '../stack/viewer.ts';
import type { JournalFacts, SessionFacts } from './journal.ts';

interface Recorded {
  readonly session: string;
  readonly source: string;
  readonly root: string;
  readonly n: number;
  readonly sha256: string;
}

const COUNTED = `
  SELECT session, source, split_part(subject, '.', 1) AS root, n::float8 AS n, encode(sha256(convert_to(body::text, 'UTF8')), 'hex') AS sha256
  FROM events WHERE type = ANY($1) AND taken`;
const TWICE = `
  SELECT session, source, split_part(subject, '.', 1) AS root, n::float8 AS n, count(*)::int AS times FROM events WHERE taken
  GROUP BY 1, 2, 3, 4 HAVING count(*) > 1 LIMIT 10`;
const SEALED = `
  SELECT s.id AS session, l.to_position::float8 AS "to", l.head FROM seals l JOIN sessions s ON s.number = l.session_number`;

/** Nothing that was ever announced as journaled is missing or another one, and no turn was taken twice. */
export async function claimCommittedKept(facts: JournalFacts, viewer: Viewer, findings: Findings): Promise<void> {
  const sealed = new Map(
    (await facts.rows<{ session: string; to: number; head: string }>(SEALED)).map(({ session, to, head }) => [`${session}:${to}`, head]),
  );
  let wrong = 0;
  for (const { session, to, head } of viewer.committed) {
    const found = sealed.get(`${session}:${to}`);
    if (found === head) continue;
    if (++wrong <= 3)
      findings.fault(`${session} was announced as journaled up to ${to} with head ${head}; the journal says ${found ?? 'nothing'}`);
  }
  findings.claim(
    wrong === 0 && viewer.committed.length > 0,
    `all ${viewer.committed.length} announced commits stand in the journal with their hash`,
  );
  const twice = await facts.rows<{ session: string; source: string; root: string; n: number; times: number }>(TWICE);
  for (const { session, source, root, n, times } of twice)
    findings.fault(`${root} ${n} of ${source} in ${session} is taken ${times} times`);
  findings.claim(twice.length === 0, 'no turn of a source is taken twice');
}

/**
 * What a listener saw stands in the journal byte for byte. What was seen and is not there can only have been published to
 * a server that died with it; a core says it again, so for cores nothing may be missing before a session's end.
 */
export async function claimSeenKept(facts: JournalFacts, viewer: Viewer, findings: Findings): Promise<void> {
  const sessions = new Map((await facts.sessions()).map((session) => [session.id, session]));
  const types = ['book', 'decision', 'verdict', 'order', 'fill', 'position', 'balance'];
  const recorded = new Map(
    (await facts.rows<Recorded>(COUNTED, [types])).map((row) => [`${row.session} ${row.source} ${row.root} ${row.n}`, row.sha256]),
  );
  const missing = new Map<string, number>();
  let [same, seen] = [0, 0];
  for (const event of viewer.seen()) {
    seen++;
    const found = recorded.get(`${event.session} ${event.source} ${rootOf(event.subject)} ${event.n}`);
    if (found === event.sha256) same++;
    else if (found !== undefined)
      findings.fault(`${event.type} ${event.n} of ${event.source} in ${event.session} was seen with other bytes than are journaled`);
    else {
      const why = mayBeMissing(event, sessions.get(event.session));
      if (why === null)
        findings.fault(
          `${event.type} ${event.n} of ${event.source} in ${event.session} was seen at ${new Date(event.at).toISOString()} and is not journaled`,
        );
      else missing.set(why, (missing.get(why) ?? 0) + 1);
    }
  }
  for (const [why, count] of missing) findings.note(`${count} seen events are not journaled: ${why}`);
  findings.claim(same > 0, `${same} of ${seen} events that a listener saw are in the journal, byte for byte`);
  findings.claim(
    viewer.contradictions.length === 0,
    `no turn was ever seen with two contents${viewer.contradictions.length === 0 ? '' : `: ${viewer.contradictions.slice(0, 3).join('; ')}`}`,
  );
}

/** Null where nothing excuses it. */
function mayBeMissing(event: Seen, session: SessionFacts | undefined): string | null {
  if (session === undefined) return null;
  if (session.status === 'lost') return `the stream of ${session.id} was lost from ${session.lostFrom} on`;
  if (session.end !== null) return `they came after the end of ${session.id}; its child says them`;
  if (event.type === 'book') return 'books on their way into a server, or to the journal, that ended';
  return null;
}
