import { setPriority } from 'node:os';
import { openJournalReader, type PostgresJournalReader } from '../journal/reader.ts';
import { replay } from './replay.ts';
import type { Cores } from './starting.ts';
import { stateAt } from './state.ts';
import type { Answer, Order, Task } from './task.ts';
import { verifyRange } from './verify.ts';

const PROGRESS_MS = 200;
const NICE = 10;

/** The process of one task: told what to do by its parent, answers, ends. */
process.once('message', (order: Order) => {
  run(order).then(
    (result) => answer({ result }),
    (error: Error) => answer({ error: { name: error.name, message: error.message, stack: error.stack } }),
  );
});
// Ctrl-C in a terminal reaches the whole group: the parent says what is to end.
process.on('SIGINT', () => {});
// Nobody waits for the answer any more.
process.once('disconnect', () => process.exit(0));

function answer(what: Answer): void {
  process.send?.(what, () => process.disconnect?.());
}

async function run({ url, cores, task, background }: Order): Promise<unknown> {
  if (background) setPriority(NICE);
  const { CORES } = (await import(cores)) as { readonly CORES: Cores };
  const journal = openJournalReader(url);
  let saidAt = 0;
  const progress = (done: number, all: number): void => {
    const now = performance.now();
    if (now - saidAt < PROGRESS_MS && done < all) return;
    saidAt = now;
    process.send?.({ progress: [done, all] } satisfies Answer);
  };
  try {
    return await work(task, journal, CORES, progress);
  } finally {
    await journal.close();
  }
}

function work(task: Task, journal: PostgresJournalReader, cores: Cores, progress: (done: number, all: number) => void): Promise<unknown> {
  const { session } = task;
  if (task.kind === 'verify') {
    const { range, anchor } = task;
    return verifyRange(journal, session, range, { cores, progress, ...(anchor === undefined ? {} : { anchor }) });
  }
  if (task.kind === 'replay') return replay(journal, session, { cores, from: task.from, to: task.to, progress });
  return stateAt(journal, session, task.service, task.position, cores);
}
