import { CORES } from '@arb/cli';
import { TEST_CONFIG } from '@arb/shared/core/testing';
import { openJournalReader } from '@arb/shared/journal';
import { type NatsServer, startNatsCluster } from '@arb/shared/nats';
import { verifySession } from '@arb/shared/replay';
import { connect } from '@nats-io/transport-node';
import { type Findings, openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';
import { openSmallStack, type SmallStack } from '../resume/small-stack.ts';
import { until } from '../stack/until.ts';

const WITHIN_MS = 60_000;
const DEAR_BPS = 100;
const COPIES = 3;
const BOOKS_AFTERWARDS = 200;
const LAST_LINES = 12;
const MOST_SHOWN = 3;

export const replicas: Proof = {
  name: 'replicas',
  says: 'a stream with three copies: the server that leads it is killed; same session, no position lost, and it is traded on',
  shortSeconds: 1,
  usualSeconds: 1,
  async run({ out }) {
    const findings = openFindings(out);
    const cluster = await startNatsCluster(COPIES);
    const stack = await openSmallStack(
      { ...TEST_CONFIG, market: { ...TEST_CONFIG.market, coins: ['BTC'] }, strategy: { ...TEST_CONFIG.strategy, cooldownMs: 200 } },
      {
        url: cluster.map(({ url }) => url).join(','),
        replicas: COPIES,
        restart: async () => {},
        kill9: async () => void (await Promise.all(cluster.map((server) => server.kill9()))),
        stop: async () => void (await Promise.all(cluster.map((server) => server.stop()))),
      },
    );
    try {
      await killTheLeader(cluster, stack, findings);
    } catch (cause) {
      throw new Error(`${(cause as Error).message}; the services said last:\n    ${stack.log.slice(-LAST_LINES).join('\n    ')}`, {
        cause,
      });
    } finally {
      await stack.close();
    }
    return findings.result();
  },
};

async function killTheLeader(cluster: readonly NatsServer[], stack: SmallStack, findings: Findings): Promise<void> {
  const { id } = await stack.start();
  const count = async (type: string, state = ''): Promise<number> =>
    (
      await stack.facts.rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM events
          WHERE session = $1 AND type = $2 AND taken AND ($3 = '' OR body->'data'->>'state' = ANY (string_to_array($3, ',')))`,
        [id, type, state],
      )
    )[0]?.n ?? 0;
  stack.market.gaps.set('BTC', DEAR_BPS);
  await until('fills', WITHIN_MS, async () => ((await count('fill')) >= 2 ? true : null));
  const { copies, leader } = await streamOf(cluster[0] as NatsServer, id);
  findings.claim(copies === COPIES, `the stream has ${copies} copies`);

  const [l2, committed] = [await count('l2'), (await stack.facts.sessions()).at(-1)?.head as number];
  await (cluster[leader] as NatsServer).kill9();
  await until('merged books on the servers that are left', WITHIN_MS, async () =>
    (await count('l2')) >= l2 + BOOKS_AFTERWARDS ? true : null,
  );
  stack.market.gaps.set('BTC', 0);
  await until('the round trip to close', WITHIN_MS, async () => ((await count('position', 'CLOSED,UNWOUND')) >= 1 ? true : null));

  const sessions = await stack.facts.sessions();
  findings.claim(sessions.length === 1 && sessions[0]?.id === id, `${id} goes on; there is no other session`);
  await stack.stop();
  const journal = openJournalReader(stack.postgresUrl);
  const row = await journal.session(id);
  const report = await verifySession(journal, row as NonNullable<typeof row>, { cores: CORES });
  await journal.close();
  findings.claim(report.faults.length === 0, `it is verified: ${report.to} positions, ${report.faults.length} faults`);
  for (const { check, position, subject, expected, found } of report.faults.slice(0, MOST_SHOWN))
    findings.note(`${check} at ${position} on ${subject}: expected ${expected}, found ${found}`);
  findings.claim(report.to > committed, `it went on from ${committed}, where it stood when the leader was killed`);
}

async function streamOf(server: NatsServer, session: string): Promise<{ readonly copies: number; readonly leader: number }> {
  const nc = await connect({ servers: server.url });
  const info = await nc.request(`$JS.API.STREAM.INFO.SESSION_${session}`);
  const { config, cluster } = info.json<{ config: { num_replicas: number }; cluster: { leader: string } }>();
  await nc.close();
  return { copies: config.num_replicas, leader: Number(cluster.leader.slice(1)) };
}
