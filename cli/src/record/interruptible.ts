import { onInterrupt } from '../interrupts.ts';

/** Calls `work` with a signal that Ctrl-C sets off: what is half done can be taken back before the command ends. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const over = onInterrupt(() => interrupted.abort(new Error('interrupted')));
  try {
    return await work(interrupted.signal);
  } finally {
    over();
  }
}
