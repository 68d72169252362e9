import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { homeOf } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { isAlive } from '../stack/process-identity.ts';
import { answersReady } from '../stack/program.ts';
import { type RunningProgram, readRun } from '../stack/run-file.ts';
import { table } from '../table.ts';
import { type Lag, lagOf } from './lag.ts';
import { tradingOf } from './trading.ts';

interface ProgramStatus {
  readonly name: string;
  readonly kind: 'server' | 'service';
  readonly pid: number | null;
  readonly upSeconds: number | null;
  readonly restarts: number;
  readonly ready: boolean;
  readonly lag: Lag | null;
  readonly url: string | null;
}

export const status: Command = {
  name: 'status',
  says: 'what runs here: exit code 0 when all of it serves, else 1',
  words: [],
  flags: JSON_FLAG,
  async run({ flags }, { out }) {
    const home = homeOf();
    const run = readRun(home);
    const running = run !== null && lockHolder(home)?.use === 'stack';
    if (!running) {
      const leftovers = run?.programs.filter(({ process }) => process !== null && isAlive(process)).length ?? 0;
      if (flags.json === true) out(JSON.stringify({ running: false, session: null, leftovers, programs: [] }));
      else if (leftovers === 0) out('not running here: "npm start" starts it');
      else
        out(
          `its supervisor was killed, but ${leftovers} of its processes still run: "npm start" ends them and goes on with the session, "npx arb stop" ends them`,
        );
      return EXIT_FAILED;
    }
    const programs = await Promise.all(run.programs.map(statusOf));
    const page = run.programs.find(({ name }) => name === 'dashboard')?.url ?? null;
    const trading = page === null ? null : await tradingOf(page);
    const good = run.phase === 'running' && programs.every(({ ready }) => ready);
    if (flags.json === true) {
      const { phase, session, market, startedAt, supervisor } = run;
      out(JSON.stringify({ running: true, phase, session, market, startedAt, pid: supervisor.pid, trading, programs }));
      return good ? EXIT_GOOD : EXIT_FAILED;
    }
    out(
      `${run.phase}, session ${run.session ?? 'not known yet'}, market ${run.market ?? '-'}, since ${run.startedAt}, process ${run.supervisor.pid}`,
    );
    out(`trading: ${trading === null ? 'not known, for the dashboard does not say' : `${trading.mode}, ${trading.why}`}`);
    const rows = programs.map((program) => [
      program.name,
      program.pid,
      program.upSeconds === null ? null : upText(program.upSeconds),
      program.restarts,
      program.ready ? 'yes' : 'NO',
      program.lag === null ? null : `${program.lag.positions} / ${program.lag.ms} ms`,
      program.url,
    ]);
    for (const line of table(['name', 'pid', 'up', 'restarts', 'ready', 'lag', 'address'], rows)) out(line);
    return good ? EXIT_GOOD : EXIT_FAILED;
  },
};

async function statusOf(program: RunningProgram): Promise<ProgramStatus> {
  const alive = program.process !== null && isAlive(program.process);
  const asked = alive && program.kind === 'service' && program.url !== null;
  return {
    name: program.name,
    kind: program.kind,
    pid: alive ? (program.process?.pid ?? null) : null,
    upSeconds: alive && program.since !== null ? Math.max(0, Math.round((Date.now() - Date.parse(program.since)) / 1000)) : null,
    restarts: program.restarts,
    ready: alive && (asked ? await answersReady(program.url as string) : program.ready),
    lag: asked ? await lagOf(program.url as string) : null,
    url: program.url,
  };
}

export function upText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
