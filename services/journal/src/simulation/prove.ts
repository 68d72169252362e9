import { PROFILES, type Profile } from './faults.ts';
import { rerunLine, runSeed, type SeedRun } from './run-seed.ts';

export interface ProveOptions {
  readonly seeds: number;
  readonly from?: number;
  /** All of them in turn where none is named. */
  readonly profile?: Profile;
  readonly out: (line: string) => void;
  /** Ends after so many failed seeds. */
  readonly mostFailures?: number;
  /** Shows what happened last with each failure. */
  readonly trace?: boolean;
}

export interface Proved {
  readonly ran: number;
  readonly failed: readonly SeedRun[];
  readonly events: number;
  readonly rows: number;
}

const LINE_EVERY_MS = 5_000;

/** Runs seed after seed and says what did not hold, each with the one command that runs it again. */
export async function proveSimulation({ seeds, from = 1, profile, out, mostFailures = 10, trace = false }: ProveOptions): Promise<Proved> {
  const profiles = profile === undefined ? PROFILES : [profile];
  const failed: SeedRun[] = [];
  const began = performance.now();
  let lineAt = began + LINE_EVERY_MS;
  let [ran, events, rows] = [0, 0, 0];
  for (let seed = from; seed < from + seeds && failed.length < mostFailures; seed++) {
    const run = await runSeed(seed, profiles[seed % profiles.length] as Profile);
    ran++;
    events += run.events;
    rows += run.checked?.rows ?? 0;
    if (run.failure !== null) {
      failed.push(run);
      out(describe(run, trace));
    }
    if (performance.now() >= lineAt) {
      lineAt = performance.now() + LINE_EVERY_MS;
      out(progress());
    }
  }
  out(progress());
  return { ran, failed, events, rows };

  function progress(): string {
    const ms = performance.now() - began;
    return `${ran} of ${seeds} seeds, ${failed.length} failed, ${events} events, ${rows} rows checked, ${(ms / ran).toFixed(0)} ms a seed`;
  }
}

export function describe(run: SeedRun, trace: boolean): string {
  const [first = ''] = (run.failure ?? 'all held').split('\nseed ');
  const lines = [`seed ${run.seed} of profile ${run.profile}: ${first}`, rerunLine(run.seed, run.profile)];
  return (trace ? [...lines, run.trace] : lines).join('\n');
}
