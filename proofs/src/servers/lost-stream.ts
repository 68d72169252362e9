import { setTimeout as sleep } from 'node:timers/promises';
import { streamOf } from '@arb/shared/contracts';
import { natsBus } from '@arb/shared/nats';
import { claimNothingLost } from '../checks/all.ts';
import { carried, claimCarried, openTrips } from '../checks/carried.ts';
import { noteSessions, openFacts, type SessionFacts, wallMs } from '../checks/journal.ts';
import { BUSY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { giveCommand } from '../stack/give-command.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';

const WITHIN_MS = 60_000;
const LEAST_FLOW = 50;
const OPEN_BEFORE = 3;

const STARTED = `SELECT body->'data'->>'mode' AS mode, body->'data'->'parent' AS parent FROM events WHERE session = $1 AND position = 1`;
const UNTIL_GO_ON = `taken AND position < coalesce((SELECT min(position) FROM events WHERE session = $1 AND subject = 'command.go-on'), 9e15)`;
/** What the parent's cores had answered to its journal, and what of that was lost, is said again in answer to position 1. */
const ENTRIES = `
  SELECT count(*) FILTER (WHERE cause <> '1')::int AS count, count(*) FILTER (WHERE cause = '1')::int AS again
  FROM events WHERE session = $1 AND type = 'verdict' AND body->'data'->>'outcome' IN ('ALLOW', 'REDUCE')
    AND body->'data'->'decision'->>'kind' = 'enter' AND ${UNTIL_GO_ON}`;
/** Round trips with an order in the child that neither the parent nor what it left to be said again knows of. */
const BEGUN = `
  SELECT count(DISTINCT o.body->'data'->>'trip')::int AS count FROM events o
  WHERE o.session = $1 AND o.type = 'order' AND ${UNTIL_GO_ON} AND NOT EXISTS (
    SELECT 1 FROM events k WHERE k.taken AND k.type IN ('order', 'position') AND (k.session = $2 OR (k.session = $1 AND k.cause = '1'))
      AND k.body->'data'->>'trip' = o.body->'data'->>'trip')`;

export const lostStream: Proof = {
  name: 'lost-stream',
  says: 'the stream deleted under the running services: the loss is named, a child goes on in REDUCE_ONLY with all open positions',
  shortSeconds: 2,
  usualSeconds: 20,
  run(options) {
    const outage = { from: 0, to: 0 };
    return proveOn(
      options,
      { settings: BUSY },
      async ({ stack, viewer, findings }) => {
        const facts = await openFacts(stack.postgresUrl);
        try {
          const [lost] = await facts.sessions();
          // In the journal: what only a listener has seen so far may be in the part that is lost.
          await until('open round trips in the journal', WITHIN_MS, async () =>
            (await openTrips(facts, lost?.id as string)).length >= OPEN_BEFORE ? true : null,
          );
          const bus = natsBus({
            servers: stack.natsUrl,
            user: 'journal',
            password: stack.passwordOf('journal'),
            name: 'proof',
            admin: true,
          });
          const link = await bus.connect();
          const began = performance.now();
          outage.from = wallMs() - 500;
          await link.admin.remove(streamOf((lost as SessionFacts).id));
          await link.close();
          const child = await until('a child session that is live', WITHIN_MS, async () => {
            const found = (await facts.sessions()).find(({ parent, status }) => parent === lost?.id && status === 'live');
            return found ?? null;
          });
          findings.note(`the child was live ${Math.round(performance.now() - began)} ms after the loss`);
          await until('books and l2 in the child', WITHIN_MS, () =>
            viewer.count('book', child.id) >= LEAST_FLOW && viewer.count('l2', child.id) >= LEAST_FLOW ? true : null,
          );
          outage.to = wallMs();
          findings.note(`books and l2 flowed again ${Math.round(performance.now() - began)} ms after the loss`);
          await stack.untilAllServe(WITHIN_MS).catch((error: Error) => findings.fault(error.message));
          await sleep(options.seconds * 1_000);
          await until('every open round trip to go on in the child', WITHIN_MS, async () =>
            (await carried(facts, child.parent as string, child.id)).unheard.length === 0 ? true : null,
          ).catch((error: Error) => findings.fault(error.message));
          const before = viewer.count('fill', child.id);
          await giveCommand(stack, child.id, 'go-on', 'the loss was looked at');
          await until('trade after go-on', WITHIN_MS, () => (viewer.count('fill', child.id) >= before + 4 ? true : null)).catch(
            (error: Error) => findings.fault(error.message),
          );
        } finally {
          await facts.close();
        }
      },
      async (facts, { stack, viewer, findings }) => {
        const [parent, child] = (await facts.sessions()) as [SessionFacts, SessionFacts];
        findings.claim(
          parent.status === 'lost' && parent.lostFrom === parent.head + 1,
          `the sessions table names the loss: ${parent.id} is ${parent.status} from ${parent.lostFrom} on, its journaled head is ${parent.head}`,
        );
        const [started] = await facts.rows<{
          mode: string;
          parent: { session: string; position: number; reason: string; lost?: { from: number } };
        }>(STARTED, [child.id]);
        findings.claim(
          started?.mode === 'REDUCE_ONLY' && started.parent.reason === 'lost' && started.parent.lost?.from === parent.lostFrom,
          `the child starts in REDUCE_ONLY and names the loss: ${JSON.stringify(started)}`,
        );
        const [entries] = await facts.rows<{ count: number; again: number }>(ENTRIES, [child.id]);
        const [begun] = await facts.rows<{ count: number }>(BEGUN, [child.id, parent.id]);
        findings.claim(
          entries?.count === 0 && begun?.count === 0,
          `before go-on the child allows ${entries?.count} entries, beside ${entries?.again} that ${parent.id} had allowed, and begins ${begun?.count} round trips`,
        );
        await claimCarried(facts, parent.id, child.id, findings);
        await claimNothingLost(facts, stack, viewer, [outage], findings);
        await noteSessions(facts, findings);
      },
    );
  },
};
