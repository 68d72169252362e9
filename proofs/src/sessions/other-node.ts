import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openFacts } from '../checks/journal.ts';
import { openFindings } from '../findings.ts';
import { STEADY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { arb, type Spoken } from '../stack/command.ts';
import { newHome, removeHome, startLiveStack } from '../stack/live-stack.ts';
import { until } from '../stack/until.ts';

const WITHIN_MS = 60_000;
const FILLS = "SELECT count(*)::int AS count FROM events WHERE type = 'fill' AND taken";

/** A session that this Node.js has recorded, proved by another one on a journal of its own. */
export const otherNode: Proof = {
  name: 'other-node',
  says: 'what one version of Node.js has recorded comes out to the byte under another (ARB_OTHER_NODE=path of its program; without it nothing is proved)',
  shortSeconds: 1,
  usualSeconds: 20,
  async run({ seconds, out }) {
    const findings = openFindings(out);
    const node = process.env.ARB_OTHER_NODE;
    if (node === undefined || node === '') {
      findings.note('not proved: there is no other Node.js; name its program by ARB_OTHER_NODE');
      return { ...findings.result(), nothing: true };
    }
    const version = (await promisify(execFile)(node, ['--version'])).stdout.trim();
    findings.claim(version !== process.version, `recorded by Node.js ${process.version}, proved by ${version}`);
    const [home, elsewhere] = [newHome(), newHome()];
    const stack = await startLiveStack({ settings: STEADY, home });
    let session: string;
    try {
      const facts = await openFacts(stack.postgresUrl);
      await until('trade', WITHIN_MS, async () => ((await facts.rows<{ count: number }>(FILLS))[0]?.count ?? 0) > 0 || null);
      await sleep(seconds * 1_000);
      session = (await facts.sessions()).at(-1)?.id as string;
      await facts.close();
    } finally {
      await stack.stop();
    }
    const file = join(elsewhere.folder, 'session.arb.gz');
    const good = ({ code, err }: Spoken, what: string): boolean => {
      findings.claim(code === 0, `${what}${code === 0 ? '' : `; it ended with ${code}: ${err.slice(-500)}`}`);
      return code === 0;
    };
    if (good(await arb(['export', session, '-o', file], { ARB_HOME: home.folder }), `${session} is exported by ${process.version}`)) {
      const settings = { ARB_HOME: elsewhere.folder };
      if (good(await arb(['import', file], settings, { node }), `it is imported by ${version}`)) {
        const verified = await arb(['verify', session, '--strict', '--json'], settings, { node });
        if (good(verified, `${version} derives every output of it again, byte for byte`)) {
          const { events, outputs, snapshots } = JSON.parse(verified.out) as {
            readonly events: number;
            readonly outputs: Readonly<Record<string, number>>;
            readonly snapshots: number;
          };
          const each = Object.entries(outputs).map(([service, count]) => `${service} ${count}`);
          findings.note(`${events} events, ${snapshots} snapshots; outputs: ${each.join(', ')}`);
        }
      }
    }
    const result = findings.result();
    if (result.ok) for (const folder of [home, elsewhere]) removeHome(folder);
    else out(`kept for a look: ${home.folder}, ${elsewhere.folder}`);
    return result;
  },
};
