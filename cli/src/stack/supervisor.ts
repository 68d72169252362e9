import { join } from 'node:path';
import type { Program } from './program.ts';
import type { RunningProgram } from './run-file.ts';
import { type Supervised, superviseProgram } from './supervised.ts';

const GRACE_MS = 10_000;
/** For a server whose end is in a hurry: Postgres and Redis end in order within it, and recover if not. */
const SHORT_GRACE_MS = 2_000;

/** Keeps a growing list of programs running, and stops them in the order it is told. */
export interface Supervisor {
  add(programs: readonly Program[]): void;
  /** Resolves once all of them serve; rejects when one is too late, or cannot run at all. */
  untilReady(names: readonly string[], withinMs: number): Promise<void>;
  /** Group after group; the programs of one group together. */
  stop(groups: readonly (readonly string[])[]): Promise<void>;
  /** Those that were stopped, again. */
  start(names: readonly string[]): void;
  /** Whatever is being stopped, or will be, is killed. */
  hurry(): void;
  states(): readonly RunningProgram[];
  restarts(): number;
  /** Settles with a sentence when a program cannot run with this configuration. */
  readonly refused: Promise<string>;
}

export function openSupervisor(logs: string, changed: () => void, say: (line: string) => void): Supervisor {
  const all = new Map<string, Supervised>();
  let hurried = false;
  const graceMsOf = (program: Program) => (!hurried ? GRACE_MS : program.kind === 'server' ? SHORT_GRACE_MS : 0);
  let refuse: (sentence: string) => void;
  const refused = new Promise<string>((resolve) => {
    refuse = resolve;
  });
  const events = {
    changed,
    restarting: (name: string, how: string, delayMs: number) => say(`${name} ended (${how}); starting it again in ${delayMs} ms`),
    refused: (name: string, lastLine: string) => refuse(`${name} cannot run with this configuration: ${lastLine}`),
  };
  const of = (names: readonly string[]) => names.map((name) => all.get(name)).filter((found) => found !== undefined);
  return {
    refused,
    add(programs) {
      for (const program of programs) {
        const supervised = superviseProgram(program, join(logs, `${program.name}.log`), events);
        all.set(program.name, supervised);
        supervised.start();
      }
    },
    async untilReady(names, withinMs) {
      const fail = refused.then((sentence) => {
        throw new Error(sentence);
      });
      await Promise.race([Promise.all(of(names).map((supervised) => supervised.untilReady(withinMs))), fail]);
    },
    async stop(groups) {
      for (const group of groups) await Promise.all(of(group).map((supervised) => supervised.stop(graceMsOf(supervised.program))));
    },
    start(names) {
      for (const supervised of of(names)) supervised.start();
    },
    hurry() {
      hurried = true;
      for (const supervised of all.values()) if (supervised.program.kind === 'service') supervised.kill();
    },
    states: () => [...all.values()].map((supervised) => supervised.state()),
    restarts: () => [...all.values()].reduce((sum, supervised) => sum + supervised.state().restarts, 0),
  };
}
