import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CHECKOUT, plainEnvironment } from './live-stack.ts';

export interface Spoken {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const WITHIN_MS = 120_000;

/** Runs a program of the project to its end. One that goes on for longer than `withinMs` is ended. */
export async function runProgram(
  file: string,
  words: readonly string[],
  settings: NodeJS.ProcessEnv,
  withinMs = WITHIN_MS,
): Promise<Spoken> {
  const child = spawn(process.execPath, [join(CHECKOUT, file), ...words], {
    cwd: CHECKOUT,
    env: { ...plainEnvironment(), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const cut = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(cut);
  return { code, out, err };
}

export function arb(words: readonly string[], settings: NodeJS.ProcessEnv): Promise<Spoken> {
  return runProgram(join('cli', 'dist', 'main.js'), words, settings);
}
