import { rootsOf, type ServiceName, streamOf } from '../contracts/index.ts';
import type { Core } from '../core/index.ts';
import { firstEvent, parentsLast, turnsAfter } from '../replay/starting.ts';
import {
  Backoff,
  type Bus,
  CoreRunner,
  Intake,
  identify,
  isRefusal,
  type JournalReader,
  type Link,
  type Log,
  openSnapshot,
  type Reading,
  type RuntimeOptions,
  type SessionRow,
  type StreamMessage,
  type Time,
} from '../runtime/index.ts';
import { type Difference, SideBySide } from './side-by-side.ts';

export interface ShadowDeps {
  readonly service: ServiceName;
  readonly bus: Bus;
  readonly journal: JournalReader;
  readonly time: Time;
  readonly log: Log;
  readonly options: Pick<RuntimeOptions, 'backoffMs' | 'journalPage' | 'trustStreamMs'>;
}

export interface ShadowStatus {
  readonly session: string;
  readonly position: number;
  readonly live: boolean;
  readonly lagPositions: number;
  readonly lagMs: number;
  readonly equal: number;
  readonly different: number;
  /** Derived here and not recorded yet. */
  readonly open: number;
  readonly recordedBy: string;
  readonly thisIs: string;
  readonly first: Difference | null;
  /** Why it cannot derive any further. */
  readonly failed: string | null;
  readonly trouble: string | null;
}

type ReadEnd = 'gap' | 'link' | 'ended' | 'stopped';
export type ShadowEnd = 'ended' | 'discard' | 'stopped';

const SNAPSHOTS_TRIED = 5;

/**
 * One core beside a live session: it is fed as a member's would be, from its newest snapshot, the journal and the stream, and what it
 * answers is held against what was recorded. It has no outlet: it sends nothing, says nothing of itself, keeps no snapshot, holds no lease.
 */
export class ShadowRun {
  private readonly deps: ShadowDeps;
  private readonly session: SessionRow;
  private readonly core: Core;
  private readonly runner: CoreRunner;
  private readonly intake: Intake;
  private readonly sideBySide: SideBySide;
  private position = 0;
  private last: { subject: string; storedAt: number; bytes: Buffer } | null = null;
  private journalReadAt = Number.NEGATIVE_INFINITY;
  private trustMs: number;
  private endReading: ((end: ReadEnd) => void) | null = null;
  private caughtUpAt = Number.POSITIVE_INFINITY;
  private live = false;
  private over = false;
  private stopping = false;
  private pending = 0;
  private lagMs = 0;
  private first: Difference | null = null;
  private failed: string | null = null;
  private failure: Error | null = null;
  private trouble: string | null = null;

  constructor(deps: ShadowDeps, core: Core, session: SessionRow) {
    this.deps = deps;
    this.session = session;
    this.core = core;
    this.runner = new CoreRunner(deps.service, core, session.id);
    this.intake = new Intake(session.id, new Set(['session.started', 'session.stopped', ...this.runner.wanted]), rootsOf(deps.service));
    this.sideBySide = new SideBySide((difference) => this.differs(difference));
    this.trustMs = deps.options.trustStreamMs;
  }

  status(): ShadowStatus {
    const { session, sideBySide } = this;
    return {
      session: session.id,
      position: this.position,
      live: this.live,
      lagPositions: this.pending,
      lagMs: this.lagMs,
      equal: sideBySide.equal,
      different: sideBySide.different,
      open: sideBySide.open,
      recordedBy: session.versions[this.deps.service] ?? 'none',
      thisIs: this.core.version,
      first: this.first,
      failed: this.failed,
      trouble: this.trouble,
    };
  }

  stop(): void {
    this.stopping = true;
    this.endReading?.('stopped');
  }

  async run(): Promise<ShadowEnd> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    await this.restore();
    for (;;) {
      if ((await this.readJournal()) === 'discard') return 'discard';
      if (this.over) return 'ended';
      if (this.stopping) return 'stopped';
      const attached = await this.attach();
      if (attached === 'discard') return 'discard';
      if (attached !== null) {
        const end = await this.readStream(attached.link, attached.last);
        if (this.failure !== null) throw this.failure;
        if (end === 'ended') return 'ended';
        if (end === 'stopped') return 'stopped';
        if (end === 'gap') {
          backoff.reset();
          continue;
        }
      }
      if (this.stopping) return 'stopped';
      await this.pause(backoff.take());
    }
  }

  // ---- start ----------------------------------------------------------------------------------------------------------

  private async restore(): Promise<void> {
    const { journal, service, log } = this.deps;
    const { session, core, runner } = this;
    const { id, versions } = session;
    const started = await firstEvent(journal, id);
    const trim = (started?.data.config as { readonly journal?: { readonly trimSeconds?: unknown } } | null)?.journal?.trimSeconds;
    if (typeof trim === 'number') this.trustMs = Math.min(this.trustMs, (trim * 1_000) / 3);
    const head = await journal.head(id);
    for (const stored of await journal.snapshots(id, service, head, SNAPSHOTS_TRIED)) {
      // Of another version it takes what that version has recorded, where it knows the form of it.
      const known = stored.version === core.version || (stored.version === versions[service] && stored.schema <= core.schema);
      const body = known ? openSnapshot(stored) : null;
      if (body === null) continue;
      runner.load(body.runner);
      await turnsAfter(journal, session, stored.position, this.intake);
      for (const { cause, subject, body: text } of body.open) this.sideBySide.derived(cause, subject, Buffer.from(text));
      this.position = stored.position;
      log('info', 'shadows from a snapshot', {
        session: id,
        position: stored.position,
        recordedBy: versions[service],
        thisIs: core.version,
      });
      return;
    }
    const parents = await parentsLast(journal, session, service);
    if (parents !== null) {
      const body = parents.stored?.position === parents.position ? openSnapshot(parents.stored) : null;
      if (body === null)
        throw new Error(
          `${service}: session ${id} goes on from ${parents.parent}:${parents.position}, but there is no sound snapshot of ${service} there, and none in the session yet: wait for one, or restore the snapshots from a backup`,
        );
      runner.loadParent(body.runner, parents.parent, body.open);
    }
    log('info', 'shadows from the beginning', { session: id, recordedBy: versions[service], thisIs: core.version });
  }

  // ---- reading --------------------------------------------------------------------------------------------------------

  private async readJournal(): Promise<'read' | 'discard'> {
    const { journal, options, service } = this.deps;
    for (;;) {
      // What was read from a stream whose tail is lost since must not be gone on from: the journal says what stands there.
      const overlap = this.last === null ? 0 : 1;
      const page = await journal.events(this.session.id, this.position + 1 - overlap, options.journalPage + overlap);
      for (const stored of page) {
        if (stored.position === this.position && this.last !== null) {
          if (this.isLast(stored)) continue;
          this.notice(`the journal holds another event at position ${this.position} than was read from the stream`);
          return 'discard';
        }
        if (stored.position !== this.position + 1)
          throw new Error(
            `${service}: the journal of ${this.session.id} has a hole at ${this.position + 1} (next is ${stored.position}): it begins after what a shadow can start from`,
          );
        this.take(stored);
        if (this.over || this.stopping) return 'read';
      }
      if (page.length - overlap < options.journalPage) {
        this.journalReadAt = this.deps.time.monotonicMs();
        return 'read';
      }
    }
  }

  private isLast(stored: StreamMessage): boolean {
    const { last } = this;
    return (
      last !== null &&
      stored.subject === last.subject &&
      stored.storedAt === last.storedAt &&
      Buffer.compare(stored.bytes, last.bytes) === 0
    );
  }

  /** Null where it has to be tried again. */
  private async attach(): Promise<{ readonly link: Link; readonly last: number } | 'discard' | null> {
    let link: Link | null = null;
    try {
      link = await this.deps.bus.connect();
      const known = { position: this.position, subject: '', storedAt: 0, bytes: null, ...this.last };
      const found = await identify(link, this.deps.journal, this.session, known);
      if (found.same && found.info.firstPosition <= this.position + 1) {
        this.trouble = null;
        return { link, last: found.info.lastPosition };
      }
      if (!found.same) this.notice(found.why);
    } catch (error) {
      if (isRefusal(error)) throw error;
      this.notice((error as Error).message);
    }
    void link?.close();
    const row = await this.deps.journal.session(this.session.id);
    return row === null || row.end !== null ? 'discard' : null;
  }

  private async readStream(link: Link, last: number): Promise<ReadEnd> {
    this.caughtUpAt = last;
    const done = new Promise<ReadEnd>((resolve) => {
      this.endReading = (end) => {
        this.endReading = null;
        resolve(end);
      };
    });
    const lost = (why: string): void => {
      if (this.endReading === null) return;
      this.notice(why);
      this.endReading('link');
    };
    void link.closed.then(lost);
    let reading: Reading | null = null;
    try {
      reading = await link.read(
        streamOf(this.session.id),
        this.position + 1,
        // Everything in one order: what was recorded is compared where it stands. Nobody waits for a shadow.
        null,
        (message, pending) => this.onMessage(message, pending),
        lost,
      );
      if (reading.pending === 0) this.live = true;
    } catch (error) {
      lost((error as Error).message);
    }
    if (this.stopping) this.endReading?.('stopped');
    const end = await done;
    this.live = false;
    reading?.stop();
    void link.close();
    return end;
  }

  private onMessage(message: StreamMessage, pending: number): void {
    if (this.endReading === null) return;
    const { time } = this.deps;
    const ageMs = (time.wallMicros() - message.storedAt) / 1_000;
    // Positions are no help where only some roots are given: what is that old may have been dropped from the stream, and stands in the journal.
    if (ageMs >= this.trustMs && time.monotonicMs() - this.journalReadAt > this.trustMs) {
      this.endReading('gap');
      return;
    }
    try {
      this.take(message);
    } catch (error) {
      this.failure = error as Error;
      this.endReading('stopped');
      return;
    }
    this.pending = pending;
    this.lagMs = Math.max(0, ageMs);
    if (pending === 0 || this.position >= this.caughtUpAt) this.live = true;
    if (this.over) this.endReading('ended');
  }

  private take(message: StreamMessage): void {
    const { intake } = this;
    const taken = intake.judge(message) === 'taken';
    const { position, storedAt, subject, bytes } = message;
    this.position = position;
    // The bytes may be a view of a socket's buffer.
    this.last = { subject, storedAt, bytes: Buffer.from(bytes) };
    const { header, event } = intake;
    if (this.failed === null && header?.source === this.deps.service && intake.counted)
      this.sideBySide.recorded(position, storedAt, subject, bytes);
    if (!taken || event === null) return;
    if (this.failed === null && this.runner.wanted.has(event.type)) {
      try {
        this.runner.apply(event, (output) => this.sideBySide.derived(output.cause, output.subject, output.bytes));
      } catch (error) {
        this.failed = `${(error as Error).message} (${event.type} at ${this.session.id}:${position})`;
        this.deps.log('error', 'the core cannot handle what was recorded', {
          session: this.session.id,
          position,
          error: (error as Error).message,
        });
      }
    }
    if (event.type === 'session.stopped') this.over = true;
  }

  private differs(difference: Difference): void {
    if (this.first !== null) return;
    this.first = difference;
    this.deps.log('warn', 'answers otherwise than was recorded', { session: this.session.id, ...difference });
  }

  private notice(what: string): void {
    if (what !== this.trouble) this.deps.log('warn', what, { session: this.session.id, position: this.position });
    this.trouble = what;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.deps.time.after(ms, resolve));
  }
}
