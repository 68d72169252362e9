import { readFileSync } from 'node:fs';

/** A file with faults and the times at which they begin: `{"faults":[{"at":12,"kind":"gap","venue":"binance","seconds":5}]}`. */
export function readScript(path: string): readonly unknown[] {
  const expected = `${path}: expected {"faults":[{"at":SECONDS,"kind":…,"venue":…},…]}`;
  let script: unknown;
  try {
    script = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Error(`${expected}: ${(cause as Error).message}`, { cause });
  }
  const faults = (script as { faults?: unknown } | null)?.faults;
  if (!Array.isArray(faults)) throw new Error(`${expected}, found no list of faults`);
  return faults;
}
