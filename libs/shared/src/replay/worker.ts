import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Order, Results, Task } from './task.ts';

export interface WorkerOptions {
  readonly url: string;
  /** Address of the module whose `CORES` are run. */
  readonly cores: string;
  readonly background?: boolean;
  readonly signal?: AbortSignal;
  /** For node, when sources are run as they are. */
  readonly execArgv?: readonly string[];
}

const SOURCE = import.meta.url.endsWith('.ts');

/** Runs one task in a process of its own, so that whoever asks for it goes on with what else it has to do. */
export function runTask<T extends Task>(
  task: T,
  { url, cores, background = false, signal, execArgv }: WorkerOptions,
  progress: (done: number, all: number) => void = () => {},
): Promise<Results[T['kind']]> {
  signal?.throwIfAborted();
  const child = fork(fileURLToPath(new URL(SOURCE ? './worker-main.ts' : './worker-main.js', import.meta.url)), [], {
    // Parsed events die young: with more room for them they are thrown away before they are copied.
    execArgv: ['--max-semi-space-size=64', ...(execArgv ?? process.execArgv.filter((argument) => !argument.startsWith('--inspect')))],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2_000);
    });
    const abort = (): void => {
      child.kill('SIGKILL');
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.on('message', (answer: Answer) => {
      if ('progress' in answer) progress(...answer.progress);
      else if ('result' in answer) resolve(answer.result as Results[T['kind']]);
      else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name, stack: answer.error.stack }));
    });
    child.once('error', (cause) => reject(new Error(`the process for ${task.kind} could not be started: ${cause.message}`, { cause })));
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', abort);
      // After a result this changes nothing.
      reject(
        new Error(
          `the process for ${task.kind} ended (${killedBy ?? `exit code ${code}`}) without an answer: ${said.trim() || 'it said nothing'}`,
        ),
      );
    });
    child.send({ url, cores, task, background } satisfies Order);
  });
}
