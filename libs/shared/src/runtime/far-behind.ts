import { type ServiceName, scan } from '../contracts/index.ts';
import { Intake } from './intake.ts';
import type { RuntimeOptions } from './options.ts';
import type { Outlet } from './outlet.ts';
import type { JournalReader, Link, Reading, StreamMessage, Time } from './ports.ts';

const POLL_MS = 100;
/** Longest look ahead in the stream on one connection: what was lost on the way is then sent again. */
const LOOK_AHEAD_MS = 3_000;

/** A service that reads the journal and owes more outputs than may be unconfirmed. */
export interface FarBehind {
  readonly service: ServiceName;
  readonly session: string;
  readonly stream: string;
  readonly outlet: Outlet;
  readonly roots: ReadonlySet<string>;
  readonly journal: JournalReader;
  readonly time: Time;
  readonly options: RuntimeOptions;
  position(): number;
  windowFull(): boolean;
  stopping(): boolean;
  /** A session that has ended takes nothing any more: its rest is read without publishing. */
  attach(): Promise<{ readonly link: Link; readonly last: number } | 'again' | 'discard'>;
  pause(ms: number): Promise<void>;
  retry<T>(what: string, call: () => Promise<T>): Promise<T>;
}

/**
 * More outputs are missing from the record than may be unconfirmed: they are published while the journal is read, and
 * confirmed by looking ahead in the stream for this source alone.
 */
export async function publishFarBehind(run: FarBehind): Promise<'done' | 'discard'> {
  const seal = await run.retry('read the last seal', () => run.journal.lastSeal(run.session));
  if (seal === null) return 'done';
  const ahead = new Intake(run.session, new Set(), run.roots);
  ahead.turns.load(JSON.parse(seal.turns));
  const recorded = [...ahead.turns.lastByRoot(run.service)];
  if (recorded.some(([root, n]) => n > run.outlet.taken(root))) await confirmFromJournal(run, seal.to);
  while (run.windowFull() && !run.stopping()) {
    const attached = await run.attach();
    if (attached === 'discard') return 'discard';
    if (attached !== 'again') {
      await lookAhead(run, attached.link, seal.to + 1, attached.last, ahead);
      return 'done';
    }
    await run.pause(POLL_MS);
  }
  return 'done';
}

/**
 * Recorded long after their cause, by a process that was far behind: confirmed before reading on, or the inputs in
 * between would have to wait in memory.
 */
async function confirmFromJournal(run: FarBehind, to: number): Promise<void> {
  let from = run.position() + 1;
  while (from <= to && !run.stopping()) {
    const limit = Math.min(run.options.journalPage, to + 1 - from);
    const page = await run.retry('read the journal', () => run.journal.events(run.session, from, limit));
    for (const stored of page) {
      const header = stored.taken ? scan(stored.subject, stored.bytes) : null;
      if (header !== null && typeof header !== 'string' && header.source === run.service)
        run.outlet.confirm(header.n, stored.position, stored.subject, stored.bytes, run.time.monotonicMs());
    }
    if (page.length === 0) return;
    from = (page[page.length - 1] as StreamMessage).position + 1;
  }
}

async function lookAhead(run: FarBehind, link: Link, from: number, last: number, ahead: Intake): Promise<void> {
  const { outlet, time } = run;
  let failure: Error | null = null;
  outlet.unsend();
  await new Promise<void>((resolve) => {
    let reading: Reading | null = null;
    /** All that stood in the stream has been looked at: what is still open was never sent, or lost. */
    let atEnd = false;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      cancelPatience();
      reading?.stop();
      void link.close();
      resolve();
    };
    const cancelPatience = time.after(LOOK_AHEAD_MS, finish);
    void link.closed.then(finish);
    const push = (): void => {
      if (over) return;
      if (atEnd) outlet.send(link, time.monotonicMs(), 0);
      if (outlet.unconfirmed * 2 <= run.options.window || run.stopping()) finish();
    };
    const take = (message: StreamMessage, pending: number): void => {
      if (over) return;
      atEnd ||= pending === 0 || message.position >= last;
      ahead.judge(message);
      const { header } = ahead;
      if (ahead.counted && header?.source === run.service && header.n <= outlet.derived(header.kind.root)) {
        try {
          outlet.confirm(header.n, message.position, message.subject, message.bytes, time.monotonicMs());
        } catch (error) {
          failure = error as Error;
          finish();
          return;
        }
      }
      push();
    };
    link.read(run.stream, from, run.service, take, finish).then((made) => {
      reading = made;
      atEnd ||= made.pending === 0;
      if (over) made.stop();
      else push();
    }, finish);
  });
  outlet.unsend();
  if (failure !== null) throw failure;
}
