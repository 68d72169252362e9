import { readFileSync, statSync } from 'node:fs';
import type { Fault } from './fault.ts';

const MAX_BYTES = 1024 * 1024;

/** A small text file, or the fault that it cannot be had; `path` says who asked for it. */
export function readSmall(path: string, file: string): string | Fault {
  try {
    if (statSync(file).size > MAX_BYTES)
      return { path, value: file, reason: `is larger than ${MAX_BYTES} bytes`, remedy: 'name the right file' };
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return { path, value: file, reason: `cannot be read (${code})`, remedy: 'create the file, make it readable, or name another' };
  }
}
