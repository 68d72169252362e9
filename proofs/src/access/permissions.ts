import { join } from 'node:path';
import { streamOf } from '@arb/shared/contracts';
import { openFacts } from '../checks/journal.ts';
import { claimVerified } from '../checks/verified.ts';
import type { Proof } from '../proof.ts';
import { runProgram } from '../stack/command.ts';
import { proveOn } from '../stack/prove-on.ts';
import { foreignSubjects, login, managementOf, tryToPublish, WRITERS } from './users.ts';

const INTRUDER = '{"intruder":true}';
const LOOK_MS = 90_000;

export const permissions: Proof = {
  name: 'permissions',
  says: "each service's NATS user is refused the subjects of all others and every change to streams, and the runtime says so",
  shortSeconds: 1,
  usualSeconds: 1,
  run(options) {
    return proveOn(
      options,
      {},
      async ({ stack, findings }) => {
        const facts = await openFacts(stack.postgresUrl);
        const session = (await facts.sessions()).at(-1)?.id ?? '';
        await facts.close();
        for (const writer of WRITERS) {
          const management = writer === 'journal' ? [] : [...managementOf(streamOf(session)), '$JS.API.STREAM.NAMES'];
          const subjects = [...foreignSubjects(writer), ...management];
          const { refused } = await tryToPublish(await login(stack.natsUrl, writer, stack.passwordOf(writer)), subjects, INTRUDER);
          const allowed = subjects.filter((subject) => !refused.has(subject));
          findings.claim(
            allowed.length === 0,
            `${writer} is refused all ${subjects.length} subjects that are not its own${allowed.length === 0 ? '' : `; it may publish ${allowed.join(', ')}`}`,
          );
        }
        // A process with the login of another service: what it says is refused, and it must be seen that it is.
        const { out, err } = await runProgram(
          join('services', 'executor', 'dist', 'main.js'),
          [],
          {
            ARB_NATS_URL: stack.natsUrl,
            ARB_NATS_USER: 'strategy',
            ARB_NATS_PASSWORD: stack.passwordOf('strategy'),
            ARB_POSTGRES_URL: stack.postgresUrl,
            ARB_HTTP_PORT: '0',
            ARB_REPLICA: '1',
            ARB_HOME: stack.home.folder,
          },
          { withinMs: LOOK_MS, enough: (said) => /refuses to let this user[^\n]*\n/.test(said) },
        );
        const complaint = `${out}${err}`.split('\n').find((line) => line.includes('refuses to let this user'));
        findings.claim(
          complaint !== undefined,
          `an executor with the login of strategy says what is wrong: ${complaint?.slice(0, 300) ?? `nothing, but ${`${out}${err}`.slice(-300)}`}`,
        );
      },
      async (facts, { stack, findings }) => {
        const [stranger] = await facts.rows<{ count: number }>(
          "SELECT count(*)::int AS count FROM events WHERE raw = $1 OR body::text LIKE '%intruder%'",
          [Buffer.from(INTRUDER)],
        );
        findings.claim(stranger?.count === 0, `${stranger?.count} events of the intruder are in the journal`);
        await claimVerified(facts, stack.home.folder, findings);
      },
    );
  },
};
