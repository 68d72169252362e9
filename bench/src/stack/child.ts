import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onEnd } from './endings.ts';

/** What a parent asks of a child, and what comes back. */
export interface Ask {
  readonly id: number;
  readonly call: string;
  readonly argument: unknown;
}
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly fault?: string;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  ask<T>(call: string, argument?: unknown): Promise<T>;
  /** At once and without goodbye. */
  kill9(): Promise<void>;
  stop(): Promise<void>;
}

/** Killed with this process, however it ends. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const STOP_MS = 10_000;
const KEPT_LINES = 30;

/** Starts a compiled file of `processes/`; its settings come as JSON, and it serves calls once it has said that it is up. */
export async function startChild(name: string, file: string, settings: unknown, env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const path = fileURLToPath(new URL(`../processes/${file}.js`, import.meta.url));
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('ARB_')));
  const child = fork(path, [JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...inherited, ...env } });
  alive.add(child);
  const said: string[] = [];
  const keep = (line: string): void => {
    said.push(line);
    if (said.length > KEPT_LINES) said.shift();
  };
  eachLine(child, 'stdout', keep);
  eachLine(child, 'stderr', keep);

  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let next = 0;
  let expected = false;
  let gone: string | null = null;
  const exited = once(child, 'exit').then(([code, signal]) => {
    alive.delete(child);
    gone = `${name} (process ${child.pid}) has ended with ${signal ?? `code ${code}`}${said.length === 0 ? '' : `; it said:\n${said.join('\n')}`}`;
    for (const { reject } of waiting.values()) reject(new Error(gone));
    waiting.clear();
    if (!expected) process.stderr.write(`${gone}\n`);
  });

  const ready = new Promise<void>((resolve, reject) => waiting.set(0, { resolve: () => resolve(), reject }));
  child.on('message', (message) => {
    const { id, result, fault } = message as Answer;
    const call = waiting.get(id);
    waiting.delete(id);
    if (fault === undefined) call?.resolve(result);
    else call?.reject(new Error(`${name}: ${fault}`));
  });
  const end = onEnd(async () => {
    expected = true;
    if (gone !== null) return;
    child.send({ id: -1, call: 'stop', argument: null } satisfies Ask, () => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  });
  await ready;
  return {
    name,
    pid: child.pid as number,
    ask<T>(call: string, argument: unknown = null) {
      if (gone !== null) return Promise.reject(new Error(gone));
      const id = ++next;
      return new Promise<T>((resolve, reject) => {
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        child.send({ id, call, argument } satisfies Ask);
      });
    },
    async kill9() {
      expected = true;
      child.kill('SIGKILL');
      await exited;
    },
    stop: end,
  };
}

function eachLine(child: ChildProcess, from: 'stdout' | 'stderr', call: (line: string) => void): void {
  let rest = '';
  child[from]?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() as string).slice(-10_000);
    for (const line of lines) call(line);
  });
}
