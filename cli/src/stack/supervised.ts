import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { restartDelayMs } from './backoff.ts';
import { type LogFile, openLog } from './log-file.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';
import { EXIT_CONFIGURATION, type Program } from './program.ts';
import type { RunningProgram } from './run-file.ts';

const READY_POLL_MS = 40;
const LAST_WORDS_MS = 200;
const LINES_KEPT = 20;
const MAX_LINE = 2_000;

export interface SupervisedEvents {
  /** Its process, readiness or count of restarts is another now. Called synchronously. */
  changed(): void;
  /** It ended by itself and will be started again. */
  restarting(name: string, how: string, delayMs: number): void;
  /** It cannot run with this configuration: its own last words. */
  refused(name: string, lastLine: string): void;
}

/** One program and its present process. */
export interface Supervised {
  readonly program: Program;
  state(): RunningProgram;
  start(): void;
  /** Resolves once it serves; rejects with its last lines after `withinMs`. */
  untilReady(withinMs: number): Promise<void>;
  /** Resolves once it runs, though it may have to wait for its turn to serve. */
  untilRuns(withinMs: number): Promise<void>;
  /** Asks it to end, then ends it. Resolves when it has ended; never rejects. */
  stop(graceMs: number): Promise<void>;
  /** Ends a stop that is going on. */
  kill(): void;
}

/** What it said last may still be in the pipes; a grandchild may hold these open, so it is waited for only briefly. */
async function lastWords(of: ChildProcess): Promise<void> {
  if (of.stdout?.closed !== false && of.stderr?.closed !== false) return;
  await once(of, 'close', { signal: AbortSignal.timeout(LAST_WORDS_MS) }).catch(() => {}); // too late: then without them
}

function linesOf(chunk: Buffer): readonly string[] {
  return chunk
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.slice(0, MAX_LINE));
}

export function superviseProgram(program: Program, logPath: string, events: SupervisedEvents): Supervised {
  const inner = new EventEmitter();
  let log: LogFile | null = null;
  let child: ChildProcess | null = null;
  let identity: ProcessIdentity | null = null;
  let wanted = false;
  let ready = false;
  let restarts = 0;
  let starts = 0;
  let startedAt: { readonly mono: number; readonly wall: string } | null = null;
  let delayMs: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lastLines: string[] = [];
  let lastError = '';

  function write(text: string): void {
    log?.write(Buffer.from(`${text}\n`));
  }

  function keep(chunk: Buffer): void {
    log?.write(chunk);
    lastLines = [...lastLines, ...linesOf(chunk)].slice(-LINES_KEPT);
  }

  function keepError(chunk: Buffer): void {
    keep(chunk);
    lastError = linesOf(chunk).at(-1) ?? lastError;
  }

  function late(withinMs: number): string {
    const words = lastLines.slice(-5).map((line) => `\n    ${line}`);
    return `${program.name} did not get ready within ${withinMs / 1000} s; its last words, from ${logPath}:${words.join('') || ' none'}`;
  }

  async function launch(): Promise<void> {
    try {
      await program.prepare?.();
    } catch (error) {
      keep(Buffer.from(`${(error as Error).message}\n`));
      if (wanted) again(`could not be prepared: ${(error as Error).message}`, 0);
      return;
    }
    if (!wanted) return;
    const started = spawn(program.command, program.args, {
      cwd: program.cwd,
      env: starts === 0 ? { ...program.env, ...program.envOnce } : program.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C at the terminal reaches the supervisor alone, which then stops everything in order.
      detached: true,
      ...program.user,
    });
    starts++;
    child = started;
    identity = started.pid === undefined ? null : identityOf(started.pid);
    startedAt = { mono: performance.now(), wall: new Date().toISOString() };
    started.stdout?.on('data', keep);
    started.stderr?.on('data', keepError);
    let failure: string | null = null;
    started.on('error', (error) => {
      failure = error.message;
      if (started.pid === undefined) ended(started, `could not be started: ${error.message}`, null);
    });
    // `exit`, not `close`: a grandchild may hold the pipes open for as long as it likes.
    started.on('exit', (code, signal) => ended(started, failure ?? signal ?? `exit code ${code}`, code));
    events.changed();
    void watch(started);
  }

  async function watch(of: ChildProcess): Promise<void> {
    while (child === of) {
      const answered = await program.isReady();
      if (child !== of) return;
      if (answered) {
        ready = true;
        events.changed();
        inner.emit('ready');
        return;
      }
      await sleep(READY_POLL_MS);
    }
  }

  function ended(which: ChildProcess, how: string, code: number | null): void {
    if (child !== which) return;
    const upMs = startedAt === null ? 0 : performance.now() - startedAt.mono;
    child = null;
    identity = null;
    ready = false;
    startedAt = null;
    if (!wanted) {
      inner.emit('ended');
      events.changed();
      return;
    }
    if (code === EXIT_CONFIGURATION) {
      wanted = false;
      events.changed();
      void lastWords(which).then(() => events.refused(program.name, lastError || lastLines.at(-1) || 'it said nothing'));
      return;
    }
    again(how, upMs);
  }

  function again(how: string, upMs: number): void {
    delayMs = restartDelayMs(delayMs, upMs);
    restarts++;
    write(JSON.stringify({ level: 'warn', at: new Date().toISOString(), supervisor: program.name, ended: how, restartInMs: delayMs }));
    events.changed();
    events.restarting(program.name, how, delayMs);
    timer = setTimeout(() => {
      timer = null;
      void launch();
    }, delayMs);
  }

  return {
    program,
    state: () => ({
      name: program.name,
      kind: program.kind,
      process: identity,
      stopSignal: program.stopSignal ?? 'SIGTERM',
      ready,
      restarts,
      since: startedAt?.wall ?? null,
      url: program.url,
    }),
    start() {
      if (wanted) return;
      wanted = true;
      log = openLog(logPath);
      void launch();
    },
    async untilReady(withinMs) {
      if (ready) return;
      try {
        await once(inner, 'ready', { signal: AbortSignal.timeout(withinMs) });
      } catch (cause) {
        throw new Error(late(withinMs), { cause });
      }
    },
    async untilRuns(withinMs) {
      const deadline = performance.now() + withinMs;
      const asked = program.runs?.bind(program) ?? program.isReady.bind(program);
      while (wanted && !(await asked())) {
        if (performance.now() > deadline) throw new Error(late(withinMs));
        await sleep(READY_POLL_MS);
      }
    },
    async stop(graceMs) {
      wanted = false;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      if (child !== null) {
        const which = child;
        const gone = once(inner, 'ended');
        child.kill(program.stopSignal ?? 'SIGTERM');
        const force = setTimeout(() => {
          write(JSON.stringify({ level: 'warn', at: new Date().toISOString(), supervisor: program.name, killedAfterMs: graceMs }));
          child?.kill('SIGKILL');
        }, graceMs);
        await gone;
        clearTimeout(force);
        await lastWords(which);
      }
      log?.close();
      log = null;
    },
    kill() {
      child?.kill('SIGKILL');
    },
  };
}
