import { growYoungHeapAtOnce } from '@arb/shared/hosting';
import type { Answer, Ask } from '../stack/child.ts';

type Calls = Readonly<Record<string, (argument: never) => unknown>>;

/** The settings that this process was started with. The first that it asks for: its heap is then a service's. */
export function settings<T>(): T {
  growYoungHeapAtOnce();
  return JSON.parse(process.argv[2] as string) as T;
}

/** Says that this process is up, answers its parent, and ends with it. */
export function serve(calls: Calls, stop: () => Promise<void>): void {
  const end = (): void => {
    stop()
      .then(() => process.exit(0))
      .catch(fail);
  };
  process.on('disconnect', () => process.exit(1));
  // What is sent to the whole group reaches children too; the parent ends them in order.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  process.on('message', (message) => {
    const { id, call, argument } = message as Ask;
    if (call === 'stop') {
      end();
      return;
    }
    const found = calls[call];
    Promise.resolve()
      .then(() => {
        if (found === undefined) throw new Error(`there is no call ${call}`);
        return found(argument as never);
      })
      .then(
        (result) => answer({ id, result }),
        (error: Error) => answer({ id, fault: error.stack ?? error.message }),
      );
  });
  answer({ id: 0 });
}

function answer(message: Answer): void {
  process.send?.(message);
}

/** What broke is said where the parent keeps it, and the process is over. */
export function fail(error: unknown): never {
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
  process.exit(1);
}
