import { execFileSync } from 'node:child_process';
import { readIfThere } from './file.ts';

/** A process for good: a pid alone is given to another process some day. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of the system: only compared, never read. */
  readonly start: string;
}

/** Who has this pid now; null when nobody does (a zombie has ended, and is nobody). */
export function identityOf(pid: number): ProcessIdentity | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.start === identity.start;
}

/** Its command line, to tell what a pid of unknown origin is. */
export function commandLineOf(pid: number): string {
  if (process.platform === 'linux') return (readProc(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');
  return ps(pid, 'command') ?? '';
}

/** False when it was gone already. Never signals a pid that has another process now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** The name in parentheses may hold blanks and parentheses itself: what follows counts from the last one. */
export function startOfStat(stat: string): { readonly state: string; readonly ticks: string } | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  return state === undefined || ticks === undefined ? null : { state, ticks };
}

function fromProc(pid: number): ProcessIdentity | null {
  const stat = readProc(`/proc/${pid}/stat`);
  const found = stat === null ? null : startOfStat(stat);
  if (found === null || found.state === 'Z' || found.state === 'X') return null;
  // Ticks count from the boot: the same number may come again after the next one.
  return { pid, start: `${bootId()}/${found.ticks}` };
}

function bootId(): string {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** A process can end between opening and reading: that is ESRCH, and means the same as not being there. */
function readProc(path: string): string | null {
  try {
    return readIfThere(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
    throw error;
  }
}

function fromPs(pid: number): ProcessIdentity | null {
  const said = ps(pid, 'state=,lstart');
  if (said === null || said.startsWith('Z')) return null;
  return { pid, start: said.replace(/^\S+\s+/, '') };
}

function ps(pid: number, columns: string): string | null {
  try {
    return (
      execFileSync('ps', ['-o', `${columns}=`, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
    );
  } catch {
    return null; // ps ends with 1 when there is no such process
  }
}
