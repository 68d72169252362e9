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
  /** Stops it and starts it anew, or this one in its place. */
  restart(name: string, next?: Program): Promise<void>;
  /** Starts these beside those of the same names, which go on until they are told to leave. */
  succeed(programs: readonly Program[]): Succession;
  /** Whatever is being stopped, or will be, is killed. */
  hurry(): void;
  states(): readonly RunningProgram[];
  restarts(): number;
  /** Settles with a sentence when a program cannot run with this configuration. */
  readonly refused: Promise<string>;
}

/** Programs and those that are to take their place, for as long as both run. */
export interface Succession {
  /** Resolves once all successors run and wait for their turn; rejects when one is too late, or cannot run at all. */
  untilTheyWait(withinMs: number): Promise<void>;
  /** The successors end, and all is as it was. */
  giveUp(): Promise<void>;
  /** Those before end; from now on the successors have to run. Names that had nobody before them are passed over. */
  leave(names: readonly string[]): Promise<void>;
}

const LEAVING = ' (leaving)';

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
    refused: (name: string, lastLine: string) => refuse(sentenceOf(name, lastLine)),
  };
  let restartsBefore = 0;
  const sentenceOf = (name: string, lastLine: string) => `${name} cannot run with this configuration: ${lastLine}`;
  const pathOf = (program: Program) => join(logs, `${program.name}.log`);
  const end = (supervised: Supervised) => supervised.stop(graceMsOf(supervised.program));
  const of = (names: readonly string[]) => names.map((name) => all.get(name)).filter((found) => found !== undefined);
  return {
    refused,
    add(programs) {
      for (const program of programs) {
        const supervised = superviseProgram(program, pathOf(program), events);
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
      for (const group of groups) await Promise.all(of(group).map(end));
    },
    async restart(name, next) {
      const before = all.get(name);
      if (before !== undefined) await end(before);
      if (before !== undefined && next === undefined) before.start();
      if (next === undefined) return;
      restartsBefore += before?.state().restarts ?? 0;
      const supervised = superviseProgram(next, pathOf(next), events);
      all.set(name, supervised);
      supervised.start();
    },
    succeed(programs) {
      let givenUp = (_: Error): void => {};
      const cannotRun = new Promise<never>((_, reject) => {
        givenUp = reject;
      });
      // Looked at only while they are waited for.
      cannotRun.catch(() => {});
      let begun = false;
      const own = {
        ...events,
        refused: (name: string, lastLine: string) =>
          begun ? events.refused(name, lastLine) : givenUp(new Error(sentenceOf(name, lastLine))),
      };
      const successors = programs.map((program) => superviseProgram(program, pathOf(program), own));
      for (const successor of successors) {
        const { name } = successor.program;
        const before = all.get(name);
        if (before !== undefined) all.set(name + LEAVING, before);
        all.set(name, successor);
        successor.start();
      }
      return {
        async untilTheyWait(withinMs) {
          await Promise.race([Promise.all(successors.map((successor) => successor.untilRuns(withinMs))), cannotRun]);
        },
        async giveUp() {
          await Promise.all(successors.map(end));
          for (const { program } of successors) {
            const before = all.get(program.name + LEAVING);
            all.delete(program.name + LEAVING);
            if (before === undefined) all.delete(program.name);
            else all.set(program.name, before);
          }
          changed();
        },
        async leave(names) {
          begun = true;
          await Promise.all(
            names.map(async (name) => {
              const before = all.get(name + LEAVING);
              if (before === undefined) return;
              await end(before);
              restartsBefore += before.state().restarts;
              all.delete(name + LEAVING);
            }),
          );
          changed();
        },
      };
    },
    hurry() {
      hurried = true;
      for (const supervised of all.values()) if (supervised.program.kind === 'service') supervised.kill();
    },
    states: () => [...all].map(([name, supervised]) => ({ ...supervised.state(), name })),
    restarts: () => [...all.values()].reduce((sum, supervised) => sum + supervised.state().restarts, restartsBefore),
  };
}
