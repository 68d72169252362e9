import { setTimeout as sleep } from 'node:timers/promises';
import { type ReplayReport, replay as replayRange, resolveEvent } from '@arb/shared/replay';
import type { StoredEvent } from '@arb/shared/runtime';
import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG, UsageError } from '../command.ts';
import { CORES } from '../cores/cores.ts';
import { table } from '../table.ts';
import { progressBar } from '../verify/progress-bar.ts';
import { interruptible } from './interruptible.ts';
import { openPublisher, type Publisher } from './publisher.ts';
import { withArchive } from './with-archive.ts';

export const replay: Command = {
  name: 'replay',
  says: 'recorded events into the cores again, from the nearest snapshot; what they answer is held against the record',
  words: [{ name: 'EVENT' }],
  flags: {
    ...JSON_FLAG,
    to: { type: 'string', value: 'EVENT', says: 'the last one; else to the end of the session' },
    speed: { type: 'string', value: 'max|1x|10x', says: 'as fast as it goes, or as it was, or so many times as fast' },
    publish: { type: 'boolean', says: 'shows the events on replay.<run>.<subject> too' },
  },
  async run({ words, flags }, { out, say }) {
    const speed = parseSpeed(typeof flags.speed === 'string' ? flags.speed : 'max');
    let publisher: Publisher | null = null;
    return interruptible(async (signal) => {
      const report = await withArchive(say, async (archive) => {
        const start = await resolveEvent(archive, words[0] as string);
        const end = await resolveEvent(archive, typeof flags.to === 'string' ? flags.to : 'last', { session: start.session, only: true });
        if (end.position < start.position)
          throw new Error(`--to is position ${end.position}, before the first one, ${start.position}: name a later event`);
        if (flags.publish === true) {
          publisher = await openPublisher();
          say(`nats sub '${publisher.subject}.>'`);
        }
        const bar = progressBar(`replay ${start.session.id}`);
        const pace = pacer(speed, signal);
        const done = await replayRange(archive, start.session, {
          cores: CORES,
          from: start.position,
          to: end.position,
          progress: bar.at,
          signal: signal,
          ...(speed === null && publisher === null ? {} : { each: (row, taken) => shown(row, taken, pace, publisher) }),
        });
        bar.end();
        return done;
      });
      if (flags.json === true) out(JSON.stringify(report));
      else for (const line of told(report)) out(line);
      return report.ok ? EXIT_GOOD : EXIT_FAILED;
    }).finally(() => publisher?.close());
  },
};

/** Times the recorded pace; null for no pace at all. */
export function parseSpeed(text: string): number | null {
  if (text === 'max') return null;
  const times = Number(/^(\d{1,5}(?:\.\d{1,3})?)x$/.exec(text)?.[1]);
  if (!(times > 0)) throw new UsageError(`--speed is max, 1x, 10x or another number with an x, found "${text}"`);
  return times;
}

type Pace = (row: StoredEvent) => Promise<void> | void;
/** A pause in the record longer than this is not waited for in full. */
const LONGEST_PAUSE_MS = 5_000;
/** Less than this is not worth a timer: the next row waits for both. */
const LEAST_WAIT_MS = 2;

function pacer(speed: number | null, signal: AbortSignal): Pace {
  if (speed === null) return () => {};
  let last: number | null = null;
  let dueMs = performance.now();
  return (row) => {
    if (last !== null) dueMs += Math.min(LONGEST_PAUSE_MS, Math.max(0, row.storedAt - last) / 1_000 / speed);
    last = row.storedAt;
    const wait = dueMs - performance.now();
    return wait < LEAST_WAIT_MS ? undefined : sleep(wait, undefined, { signal });
  };
}

function shown(row: StoredEvent, taken: boolean, pace: Pace, publisher: Publisher | null): Promise<void> | void {
  const wait = pace(row);
  if (wait !== undefined) return wait.then(() => (taken ? publisher?.publish(row) : undefined));
  return taken ? publisher?.publish(row) : undefined;
}

function told(report: ReplayReport): readonly string[] {
  const { events, cores, seconds, fed, fedFrom } = report;
  const rows = cores.map(({ service, snapshot, recordedBy, thisIs, outputs, differ, divergence }) => [
    service,
    snapshot === 0 ? 'the beginning' : snapshot,
    recordedBy === thisIs ? thisIs : `${thisIs} (recorded by ${recordedBy})`,
    outputs,
    divergence === null
      ? 'as recorded'
      : recordedBy === thisIs
        ? `DIFFERS at ${divergence.position} on ${divergence.subject}`
        : `${differ} differ, first at ${divergence.position}`,
  ]);
  const failed = cores.filter(({ recordedBy, thisIs, divergence }) => recordedBy === thisIs && divergence !== null);
  return [
    `${report.session}, positions ${report.from} to ${report.to}: ${Object.entries(events)
      .sort(([, a], [, b]) => b - a)
      .map(([type, count]) => `${type} ${count}`)
      .join(', ')}`,
    ...table(['core', 'from snapshot', 'version', 'outputs', 'against the record'], rows),
    ...failed.map(
      ({ service, divergence }) =>
        `${service} at ${divergence?.position}\n  recorded ${divergence?.expected}\n  derived  ${divergence?.found}`,
    ),
    `${fed} events from position ${fedFrom + 1} on in ${seconds} s${seconds > 0 ? `, ${Math.round(fed / seconds)} a second` : ''}`,
    report.ok ? 'replayed: every core says what was recorded' : 'NOT as recorded',
  ];
}
