import { createHash } from 'node:crypto';
import { wireOf } from '@arb/shared/nats';
import { login } from '../access/users.ts';
import { claimNothingLost } from '../checks/all.ts';
import { openFacts } from '../checks/journal.ts';
import { BUSY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';
import { type Malformed, malformedEvents } from './malformed.ts';
import { claimRefused, claimWaits } from './wrong-settings.ts';

const WITHIN_MS = 60_000;
const FILLS_AFTER = 4;
const HEAD_BYTES = 1_024;

interface Row {
  readonly position: number;
  readonly subject: string;
  readonly raw: Buffer;
  readonly taken: boolean;
  readonly body: string | null;
}
interface Quarantine {
  readonly position: number;
  readonly subject: string;
  readonly length: number;
  readonly sha256: string;
  readonly head: string;
  readonly reason: string;
}

export const badInput: Proof = {
  name: 'bad-input',
  says: 'wrong settings are refused in one clear sentence, malformed events go into quarantine, and the flow goes on',
  shortSeconds: 1,
  usualSeconds: 1,
  run(options) {
    let sent: readonly Malformed[] = [];
    return proveOn(
      options,
      { settings: BUSY },
      async ({ stack, viewer, findings }) => {
        const facts = await openFacts(stack.postgresUrl);
        const session = (await facts.sessions()).at(-1)?.id ?? '';
        await facts.close();
        sent = malformedEvents(session);
        const nc = await login(stack.natsUrl, 'executor', stack.passwordOf('executor'));
        for (const { subject, bytes } of sent) nc.publish(wireOf(subject), bytes);
        await nc.flush();
        await nc.close();
        await until('every malformed event to be in quarantine', WITHIN_MS, () =>
          viewer.count('quarantine') >= sent.length ? true : null,
        ).catch((error: Error) => findings.fault(`${error.message}; ${viewer.count('quarantine')} of ${sent.length} are`));
        const fills = viewer.count('fill');
        await until('trade afterwards', WITHIN_MS, () => (viewer.count('fill') >= fills + FILLS_AFTER ? true : null)).catch(
          (error: Error) => findings.fault(error.message),
        );
        const restarts = stack.programs().reduce((sum, program) => sum + program.restarts, 0);
        findings.claim(restarts === 0, `${restarts} processes ended because of malformed events`);
        await claimRefused(stack, findings);
        await claimWaits(stack, findings);
      },
      async (facts, { stack, viewer, findings }) => {
        const rows = await facts.rows<Row>(
          'SELECT position::float8 AS position, subject, raw, taken, body FROM events WHERE raw IS NOT NULL ORDER BY position',
        );
        const told =
          await facts.rows<Quarantine>(`SELECT (body->'data'->>'position')::float8 AS position, body->'data'->>'subject' AS subject,
          (body->'data'->>'length')::int AS length, body->'data'->>'sha256' AS sha256, body->'data'->>'head' AS head, body->'data'->>'reason' AS reason
          FROM events WHERE type = 'quarantine' AND taken`);
        findings.claim(rows.length === sent.length, `${rows.length} rows hold malformed bytes, ${sent.length} were sent`);
        for (const { what, subject, bytes } of sent) {
          const row = rows.find((found) => found.subject === subject && found.raw.equals(bytes));
          const event = told.find(({ position }) => position === row?.position);
          const sha256 = createHash('sha256').update(bytes).digest('hex');
          const exact =
            row !== undefined &&
            !row.taken &&
            row.body === null &&
            event !== undefined &&
            event.subject === subject &&
            event.length === bytes.length &&
            event.sha256 === sha256 &&
            Buffer.from(event.head, 'base64').equals(bytes.subarray(0, HEAD_BYTES));
          findings.claim(
            exact,
            `${what}: ${row === undefined ? 'no row with its bytes' : `row ${row.position} holds its bytes`}, ${event === undefined ? 'not in quarantine' : `quarantine says "${event.reason.slice(0, 120)}"`}`,
          );
        }
        await claimNothingLost(facts, stack, viewer, [], findings);
      },
    );
  },
};
