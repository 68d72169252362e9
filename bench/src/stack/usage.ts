import { readdirSync, readFileSync } from 'node:fs';

/** What one process has used so far. */
export interface Usage {
  readonly pid: number;
  readonly name: string;
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/** Linux counts processor time in these, whatever its timer runs at. */
const TICKS_PER_SECOND = 100;

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It has ended meanwhile.
    return null;
  }
}

export function usageOf(pid: number): Usage | null {
  const stat = read(`/proc/${pid}/stat`);
  const status = read(`/proc/${pid}/status`);
  if (stat === null || status === null) return null;
  // The name stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return { pid, name, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, rssMb: rssKb / 1024 };
}

/** Processes below this one: children, and theirs. */
export function descendants(root: number): readonly number[] {
  const parents = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = read(`/proc/${pid}/stat`);
    if (stat === null) continue;
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const known = parents.get(parent);
    if (known === undefined) parents.set(parent, [pid]);
    else known.push(pid);
  }
  const found: number[] = [];
  const walk = (pid: number): void => {
    for (const child of parents.get(pid) ?? []) {
      found.push(child);
      walk(child);
    }
  };
  walk(root);
  return found;
}

/** By the name given to a child, the servers by their own; all of Postgres' processes together. */
export function usageByName(
  names: ReadonlyMap<number, string>,
): ReadonlyMap<string, { readonly cpuSeconds: number; readonly rssMb: number }> {
  const sums = new Map<string, { cpuSeconds: number; rssMb: number }>();
  for (const pid of descendants(process.pid)) {
    const usage = usageOf(pid);
    if (usage === null) continue;
    const name = names.get(pid) ?? usage.name;
    const sum = sums.get(name) ?? { cpuSeconds: 0, rssMb: 0 };
    sums.set(name, { cpuSeconds: sum.cpuSeconds + usage.cpuSeconds, rssMb: sum.rssMb + usage.rssMb });
  }
  return sums;
}
