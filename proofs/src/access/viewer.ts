import { streamOf } from '@arb/shared/contracts';
import { openFacts } from '../checks/journal.ts';
import { claimVerified } from '../checks/verified.ts';
import type { Proof } from '../proof.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';
import { foreignSubjects, login, managementOf, tryToPublish } from './users.ts';

const WITHIN_MS = 60_000;
const MESSAGES = 50;

export const viewer: Proof = {
  name: 'viewer',
  says: 'a client without credentials reads plain JSON on l2.> and can publish nothing, create nothing, ask for nothing',
  shortSeconds: 1,
  usualSeconds: 1,
  run(options) {
    return proveOn(
      options,
      {},
      async ({ stack, findings }) => {
        const reader = await login(stack.natsUrl);
        const read: { readonly subject: string; readonly text: string; readonly headers: boolean }[] = [];
        reader.subscribe('l2.>', {
          callback: (error, message) => {
            if (error === null) read.push({ subject: message.subject, text: message.string(), headers: message.headers !== undefined });
          },
        });
        await until(`${MESSAGES} messages on l2.>`, WITHIN_MS, () => (read.length >= MESSAGES ? true : null));
        await reader.close();
        const wrong = read.filter(({ subject, text, headers }) => headers || !isL2(subject, text));
        findings.claim(
          wrong.length === 0,
          `${read.length} messages on l2.> are plain JSON without headers: ${read[0]?.text.slice(0, 160)}…`,
        );

        const facts = await openFacts(stack.postgresUrl);
        const session = (await facts.sessions()).at(-1)?.id ?? '';
        await facts.close();
        const stream = streamOf(session);
        const subjects = [
          // Nobody's user: all of them are foreign to it.
          ...foreignSubjects('cli'),
          'command.halt',
          'service.cli',
          'replay.x.l2.BTC',
          'anything',
          ...managementOf(stream),
          '$JS.API.INFO',
          `$JS.API.STREAM.INFO.${stream}`,
          `$JS.API.STREAM.MSG.GET.${stream}`,
          `$JS.API.CONSUMER.CREATE.${stream}`,
          `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.spy`,
        ];
        const { refused } = await tryToPublish(await login(stack.natsUrl), subjects, '{}');
        const open = subjects.filter((subject) => !refused.has(subject));
        findings.claim(
          open.length === 0,
          `it is refused all ${subjects.length} subjects it tried to publish${open.length === 0 ? '' : `, but not ${open.join(', ')}`}`,
        );
        const listener = await login(stack.natsUrl);
        const denied: string[] = [];
        const secret = ['_INBOX.>', '_INBOX_risk.>', '$JS.>', '$SYS.>', '>'];
        for (const subject of secret)
          listener.subscribe(subject, {
            callback: (error) => {
              if (error !== null) denied.push(subject);
            },
          });
        await listener.flush();
        await until('all refusals', WITHIN_MS, () => (denied.length >= secret.length ? true : null)).catch(() => {}); // the claim below says which came
        await listener.close();
        findings.claim(denied.length === secret.length, `it may not listen on ${secret.join(' ')}; refused were ${denied.join(' ')}`);
      },
      (facts, { stack, findings }) => claimVerified(facts, stack.home.folder, findings),
    );
  },
};

function isL2(subject: string, text: string): boolean {
  const event = JSON.parse(text) as { type: string; data: { coin: string; bids: unknown[]; asks: unknown[] } };
  return event.type === 'l2' && subject === `l2.${event.data.coin}` && Array.isArray(event.data.bids) && Array.isArray(event.data.asks);
}
