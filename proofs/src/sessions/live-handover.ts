import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carried } from '../checks/carried.ts';
import { type JournalFacts, openFacts } from '../checks/journal.ts';
import { acrossMs } from '../checks/pauses.ts';
import type { Findings } from '../findings.ts';
import { arb } from '../stack/command.ts';
import type { LiveStack } from '../stack/live-stack.ts';
import { until } from '../stack/until.ts';

const WITHIN_MS = 60_000;

interface HandedOver {
  readonly from: string;
  readonly to: string;
  readonly position: number | null;
  readonly withoutSessionMs: number | null;
  readonly readyMs: number;
}

/** The file that the running stack reads over that of its environment, with one setting of the strategy. */
export function settingsFile(folder: string, minEdgeBps: number): string {
  const path = join(folder, 'handover.yaml');
  writeFileSync(path, `strategy:\n  minEdgeBps: ${minEdgeBps}\n`);
  return path;
}

/** A running stack is handed over: once to the same settings and cores, once to settings it cannot run with, once to other ones. */
export async function claimLiveHandover(stack: LiveStack, findings: Findings): Promise<void> {
  const facts = await openFacts(stack.postgresUrl);
  const { folder } = stack.home;
  const ask = () => arb(['handover', '--json'], { ARB_HOME: folder });
  const pids = () => stack.programs().map(({ name, process }) => `${name} ${process?.pid}`);
  try {
    const first = pids();
    const again = await ask();
    const released = again.code === 0 ? (JSON.parse(again.out) as HandedOver) : null;
    const stayed = first.filter((line) => pids().includes(line)).map((line) => line.split(' ')[0]);
    findings.claim(
      released !== null && released.from !== released.to && stayed.sort().join() === 'nats,postgres,redis,simulator',
      `a handover with the same settings and cores starts all services anew${released === null ? `; it said ${again.err.slice(-300)}` : ''}`,
    );
    const before = pids();
    settingsFile(folder, -1);
    const wrong = await ask();
    findings.claim(
      wrong.code === 1 && wrong.err.includes('minEdgeBps') && pids().join() === before.join(),
      `a handover to wrong settings is refused, and everything goes on${wrong.code === 1 ? '' : `; it ended with ${wrong.code}: ${wrong.err.slice(-300)}`}`,
    );
    settingsFile(folder, 17);
    const { code, out, err } = await ask();
    if (code !== 0) {
      findings.fault(`the running stack is handed over; the command ended with ${code}: ${err.slice(-500)}`);
      return;
    }
    const { from, to, readyMs, withoutSessionMs } = JSON.parse(out) as HandedOver;
    const after = new Map(stack.programs().map(({ name, process }) => [name, process?.pid]));
    const kept = before.filter((line) => [...after].some(([name, pid]) => line === `${name} ${pid}`)).map((line) => line.split(' ')[0]);
    findings.claim(
      from !== to && kept.sort().join() === 'nats,postgres,redis,simulator' && stack.programs().length === before.length,
      `${from} was handed over to ${to}: all services are new, ${kept.join(', ')} are not`,
    );
    await until('trade after the handover', WITHIN_MS, async () => ((await countOf(facts, to, 'fill')) > 0 ? true : null));
    await until('every open round trip to go on', WITHIN_MS, async () =>
      (await carried(facts, from, to)).unheard.length === 0 ? true : null,
    );
    const { open, going, unheard } = await carried(facts, from, to);
    findings.claim(
      unheard.length === 0,
      `${open.length} round trips were open when it was handed over, ${open.length - going.length} of them have ended since, none was forgotten`,
    );
    for (const type of ['l2', 'decision', 'verdict'])
      findings.note(`${show(await acrossMs(facts, type, from, to))} from the last ${type} of the one session to the first of the other`);
    findings.note(
      `${withoutSessionMs} ms between the last event of the one session and the first of the other; all was done after ${readyMs} ms`,
    );
  } finally {
    await facts.close();
  }
}

async function countOf(facts: JournalFacts, session: string, type: string): Promise<number> {
  const [row] = await facts.rows<{ count: number }>(
    'SELECT count(*)::int AS count FROM events WHERE session = $1 AND type = $2 AND taken',
    [session, type],
  );
  return row?.count ?? 0;
}

const show = (ms: number | null): string => (ms === null ? 'none' : `${Math.round(ms)} ms`);
