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

export interface RunLimits {
  /** One that goes on for longer is ended. */
  readonly withinMs?: number;
  /** The Node.js that runs it; else the one that runs this. */
  readonly node?: string;
  /** It has said what it was started for: it is ended. */
  readonly enough?: (said: string) => boolean;
}

/** Runs a program of the project to its end, or for as long as it is wanted. */
export async function runProgram(
  file: string,
  words: readonly string[],
  settings: NodeJS.ProcessEnv,
  { withinMs = WITHIN_MS, enough = () => false, node = process.execPath }: RunLimits = {},
): Promise<Spoken> {
  const child = spawn(node, [join(CHECKOUT, file), ...words], {
    cwd: CHECKOUT,
    env: { ...plainEnvironment(), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const heard = (): void => {
    if (enough(out + err)) child.kill('SIGKILL');
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    heard();
  });
  const cut = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(cut);
  return { code, out, err };
}

export function arb(words: readonly string[], settings: NodeJS.ProcessEnv, limits: RunLimits = {}): Promise<Spoken> {
  return runProgram(join('cli', 'dist', 'main.js'), words, settings, limits);
}
