import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Whole or not at all: a reader, or a crash, never meets half a file. */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  const next = `${path}.new-${process.pid}`;
  writeFileSync(next, text, { mode });
  renameSync(next, path);
}

export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** For a file that this program writes and could make again: what is not readable as JSON counts as not there. */
export function readJson(path: string): unknown {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // half a file of a crashed machine
  }
}
