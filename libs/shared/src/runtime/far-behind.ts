import { scan } from '../contracts/index.ts';
import type { CoreInputs } from './core-inputs.ts';
import { Intake } from './intake.ts';
import type { Patience } from './patience.ts';
import type { Link, Reading, StreamMessage } from './ports.ts';
import type { ReadingPlace } from './reading-place.ts';
import type { RunDeps } from './run-deps.ts';
import type { StreamAccess } from './stream-access.ts';

const POLL_MS = 100;
const LOOK_EVERY_MS = 1;
/** So long without a word of its own, it looks ahead on another connection: what was lost on the way is then sent again. */
const LOOK_AHEAD_MS = 3_000;

/** A service that reads the journal and owes more outputs than may be unconfirmed. */
export interface FarBehind {
  readonly deps: Pick<RunDeps, 'service' | 'journal' | 'time' | 'options'>;
  readonly session: string;
  readonly stream: string;
  readonly core: CoreInputs;
  readonly place: ReadingPlace;
  readonly roots: ReadonlySet<string>;
  /** Those of them that are read apart; all that this core says is in them, or none is. */
  readonly echoes: ReadonlySet<string>;
  readonly access: StreamAccess;
  readonly patience: Patience;
  readonly stopping: () => boolean;
}

/**
 * More outputs are missing from the record than may be unconfirmed: they are published while the journal is read, and
 * confirmed by looking ahead in the stream for this source alone.
 */
export async function publishFarBehind(run: FarBehind): Promise<'done' | 'discard'> {
  const { deps, core, access, patience } = run;
  const seal = await patience.retry('read the last seal', () => deps.journal.lastSeal(run.session));
  if (seal === null) return 'done';
  const ahead = new Intake(run.session, new Set(), run.roots);
  ahead.turns.load(JSON.parse(seal.turns));
  const recorded = [...ahead.turns.lastByRoot(deps.service)];
  if (recorded.some(([root, n]) => n > core.outlet.taken(root))) await confirmFromJournal(run, seal.to);
  while (core.windowFull && !run.stopping()) {
    // A session that has ended takes nothing any more: its rest is read without publishing.
    const attached = (await access.stillLive()) === 'discard' ? 'discard' : await access.attach();
    if (attached === 'discard') return 'discard';
    if (attached !== 'again') {
      await lookAhead(run, attached.link, seal.to + 1, attached.last, ahead);
      return 'done';
    }
    await patience.pause(POLL_MS);
  }
  return 'done';
}

/**
 * Recorded long after their cause, by a process that was far behind: confirmed before reading on, or the inputs in
 * between would have to wait in memory.
 */
async function confirmFromJournal(run: FarBehind, to: number): Promise<void> {
  const { deps, core, patience } = run;
  let from = run.place.readUpTo + 1;
  while (from <= to && !run.stopping()) {
    const limit = Math.min(deps.options.journalPage, to + 1 - from);
    const page = await patience.retry('read the journal', () => deps.journal.events(run.session, from, limit));
    for (const stored of page) {
      const header = stored.taken ? scan(stored.subject, stored.bytes) : null;
      if (header !== null && typeof header !== 'string' && header.source === deps.service)
        core.outlet.confirm(header.n, stored.position, stored.subject, stored.bytes, deps.time.monotonicMs());
    }
    if (page.length === 0) return;
    // The rest is confirmed when this is used up: what is recorded of its own may be more than fits into memory.
    if (!core.windowFull && core.outlet.ahead >= deps.options.queueEvents) return;
    from = (page[page.length - 1] as StreamMessage).position + 1;
  }
}

async function lookAhead(run: FarBehind, link: Link, from: number, last: number, ahead: Intake): Promise<void> {
  const { core } = run;
  const { outlet } = core;
  const { service, time, options } = run.deps;
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
    let heard = true;
    let cancelPatience = (): void => {};
    const beImpatient = (): void => {
      cancelPatience = time.after(LOOK_AHEAD_MS, () => (heard ? beImpatient() : finish()));
      heard = false;
    };
    beImpatient();
    void link.closed.then(finish);
    const push = (): void => {
      if (over) return;
      if (atEnd) outlet.send(link, time.monotonicMs(), 0);
      if (outlet.unconfirmed * 2 <= options.window || run.stopping()) finish();
    };
    const take = (message: StreamMessage, pending: number): void => {
      if (over) return;
      atEnd ||= pending === 0 || message.position >= last;
      ahead.judge(message);
      const { header } = ahead;
      if (ahead.counted && header?.source === service) {
        // Said by a twin that is further: what is held of that is bounded as well.
        if (header.n > outlet.derived(header.kind.root) && outlet.ahead >= options.window) {
          finish();
          return;
        }
        // Where the stream loses its tail, this process is known to have read more of it.
        run.place.remember(message);
        try {
          outlet.confirm(header.n, message.position, message.subject, message.bytes, time.monotonicMs());
          heard = true;
          core.drain();
        } catch (error) {
          failure = error as Error;
          finish();
          return;
        }
      }
      push();
    };
    const reached = (): void => {
      atEnd = true;
      push();
    };
    const read =
      run.echoes.size === 0
        ? link.read(run.stream, from, service, take, finish)
        : link.readEchoes(run.stream, from, service, LOOK_EVERY_MS, { mark: () => 0, reached }, take, finish);
    read.then((made) => {
      reading = made;
      atEnd ||= made.pending === 0;
      if (over) made.stop();
      else push();
    }, finish);
  });
  outlet.unsend();
  if (failure !== null) throw failure;
}
