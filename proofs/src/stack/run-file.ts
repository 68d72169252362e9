import { readFileSync } from 'node:fs';

/** What the supervisor writes down of each program, as far as it is looked at here. */
export interface RunningProgram {
  readonly name: string;
  readonly kind: 'server' | 'service';
  readonly process: { readonly pid: number } | null;
  readonly ready: boolean;
  readonly restarts: number;
  readonly url: string | null;
}

export interface RunFile {
  readonly session: string | null;
  readonly phase: 'starting' | 'running' | 'stopping';
  readonly ports: Readonly<Record<string, number>>;
  readonly programs: readonly RunningProgram[];
}

/** Null while nothing runs. */
export function readRunFile(path: string): RunFile | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return JSON.parse(text) as RunFile;
}
