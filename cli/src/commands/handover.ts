import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { withArchive } from '../record/with-archive.ts';
import { homeOf } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { isAlive, signalProcess } from '../stack/process-identity.ts';
import { readRun } from '../stack/run-file.ts';
import { HANDOVER_SIGNAL } from './handovers.ts';

const WITHIN_MS = 120_000;
const POLL_MS = 50;

export const handover: Command = {
  name: 'handover',
  says: 'the running stack goes on with the code and the configuration files as they are now, in a child session, its state kept',
  words: [],
  flags: JSON_FLAG,
  async run({ flags }, { out, say }) {
    const home = homeOf();
    const holder = lockHolder(home);
    const run = readRun(home);
    if (holder?.use !== 'stack' || run === null) throw new Error('not running here: the next "npm start" is the handover');
    if (run.phase !== 'running' || run.session === null) throw new Error(`the stack is ${run.phase}: ask again when it runs`);
    const before = run.handover?.at ?? null;
    const began = performance.now();
    signalProcess(holder, HANDOVER_SIGNAL);
    for (;;) {
      const now = readRun(home);
      if (now?.phase === 'running' && now.handover != null && now.handover.at !== before) {
        if (now.handover.refused !== null) throw new Error(now.handover.refused);
        return told(run.session, now.session as string, performance.now() - began, flags.json === true, { out, say });
      }
      if (!isAlive(holder)) throw new Error(`the handover has failed and the stack has ended: see ${home.logs}`);
      if (performance.now() - began > WITHIN_MS)
        throw new Error(`the handover has not ended within ${WITHIN_MS / 1_000} s: see ${home.logs}`);
      await sleep(POLL_MS);
    }
  },
};

async function told(
  from: string,
  to: string,
  tookMs: number,
  json: boolean,
  { out, say }: { readonly out: (line: string) => void; readonly say: (line: string) => void },
): Promise<number> {
  const found = await withArchive(say, async (archive) => {
    const child = await archive.session(to);
    const position = child?.parent === from ? child.parentPosition : null;
    const last = position === null ? null : await archive.event(from, position);
    const first = position === null ? null : await archive.event(to, 1);
    return { position, withoutSessionMs: last === null || first === null ? null : Math.round((first.storedAt - last.storedAt) / 1_000) };
  });
  const result = { from, to, ...found, readyMs: Math.round(tookMs) };
  if (json) out(JSON.stringify(result));
  else
    out(
      `${from} ended at position ${found.position}, ${to} goes on from there: ${found.withoutSessionMs} ms between them, all services ready after ${(tookMs / 1_000).toFixed(1)} s`,
    );
  return EXIT_GOOD;
}
