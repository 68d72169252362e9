/** Something that the supervisor keeps running: a server, or one process of a service. */
export interface Program {
  readonly name: string;
  readonly kind: 'server' | 'service';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** For its first process only: it must not be said again when that one is restarted. */
  readonly envOnce?: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Another user to run as; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly stopSignal?: NodeJS.Signals;
  readonly url: string | null;
  /** Before each of its processes: clears away what an unclean end left. */
  prepare?(): Promise<void>;
  /** One look, soon answered: does it serve? */
  isReady(): Promise<boolean>;
  /** The same of one that has to wait for its turn: does it run? Without it, it is asked whether it serves. */
  runs?(): Promise<boolean>;
}

/** The configuration is wrong: starting again cannot help (EX_CONFIG of sysexits). */
export const EXIT_CONFIGURATION = 78;

export function answersReady(url: string): Promise<boolean> {
  return answers(`${url}/readyz`);
}

export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // not listening yet, or too busy to answer: not ready either way
  }
}
