import { CORE_VERSIONS } from '../core/versions.ts';
import type { SessionRow } from '../runtime/index.ts';
import { planRanges, type RangePlan } from './ranges.ts';
import type { RecordReader } from './record.ts';
import { type Cores, versionsOf } from './starting.ts';
import { type RangeReport, summary, type VerifyOptions, type VerifyReport, verifyRange } from './verify.ts';
import { runTask, type WorkerOptions } from './worker.ts';

export interface ParallelOptions extends Omit<VerifyOptions, 'cores'>, Pick<RangePlan, 'leastPositions'> {
  /** Run here when there is but one range; without them, that has a process of its own too. */
  readonly cores?: Cores;
  /** Processes at once. */
  readonly jobs: number;
  readonly worker: WorkerOptions;
}

const MOST_JOBS = 64;

/** The same proof, its ranges shared among processes. */
export async function verifyInParallel(journal: RecordReader, session: SessionRow, options: ParallelOptions): Promise<VerifyReport> {
  const { cores, worker, anchor, progress } = options;
  const jobs = Math.max(1, Math.min(MOST_JOBS, options.jobs));
  const ranges = await planRanges(journal, session, cores === undefined ? CORE_VERSIONS : versionsOf(cores), options);
  const done = ranges.map(() => 0);
  const sizes = ranges.map(({ after, to }) => to - after);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const at = (range: number) => (positions: number) => {
    done[range] = positions;
    progress?.(
      done.reduce((sum, each) => sum + each, 0),
      all,
    );
  };
  const reports: RangeReport[] = [];
  const failed = new AbortController();
  const signal = worker.signal === undefined ? failed.signal : AbortSignal.any([failed.signal, worker.signal]);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < ranges.length; i = next++) {
      const range = ranges[i] as (typeof ranges)[number];
      const task = { kind: 'verify' as const, session, range, ...(anchor === undefined ? {} : { anchor }) };
      reports[i] = await runTask(task, { ...worker, signal }, at(i));
    }
  };
  if (ranges.length === 1 && cores !== undefined)
    reports.push(await verifyRange(journal, session, ranges[0] as (typeof ranges)[number], { ...options, cores, progress: at(0), signal }));
  else
    try {
      await Promise.all(Array.from({ length: Math.min(jobs, ranges.length) }, work));
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  return summary(journal, session, reports, options);
}
