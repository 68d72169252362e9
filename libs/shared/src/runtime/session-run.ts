import {
  type AnyEvent,
  CATALOG,
  type DataOf,
  type EventType,
  encodeOutput,
  type Header,
  LEASED_SERVICES,
  type LeasedServiceName,
  parseEvent,
  rootsOf,
  type ServiceName,
  scan,
  streamOf,
  subjectOf,
} from '../contracts/index.ts';
import type { MakeCore } from '../core/index.ts';
import { CoreRunner, type Output } from './core-runner.ts';
import { Deque } from './deque.ts';
import { publishFarBehind } from './far-behind.ts';
import { Inquiry } from './inquiry.ts';
import { Intake } from './intake.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Backoff, type RuntimeOptions } from './options.ts';
import { Outlet } from './outlet.ts';
import type { Bus, Cancel, JournalReader, Link, Reading, SessionRow, StoredSnapshot, StreamMessage, Time } from './ports.ts';
import type { Probe } from './probe.ts';
import { isRefusal } from './refusal.ts';
import type { SayOptions, Shell, ShellContext } from './shell.ts';
import { makeSnapshot, openSnapshot, sha256 } from './snapshot.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { identify } from './stream-identity.ts';

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface RunDeps {
  readonly service: ServiceName;
  readonly boot: string;
  readonly makeCore: MakeCore | null;
  readonly makeShell: (() => Shell) | null;
  readonly time: Time;
  readonly bus: Bus;
  readonly journal: JournalReader;
  readonly options: RuntimeOptions;
  readonly probe: Probe;
  readonly log: Log;
  readonly rssMb: () => number;
  readonly pid: number;
}

/** Why a run is over: `ended` at the session's end; `discard` when what this process believes is not what the stream holds. */
export type RunEnd = 'ended' | 'discard' | 'stopped';

type ReadEnd = 'gap' | 'link' | 'ended' | 'stopped';

/** What is shown of a run: metrics, readiness, heartbeat. */
export interface RunStatus {
  readonly session: string;
  readonly position: number;
  readonly live: boolean;
  readonly lagPositions: number;
  readonly lagMs: number;
  readonly unconfirmed: number;
  readonly queued: number;
  readonly snapshot: number | null;
  readonly trouble: string | null;
  readonly holdsLease: boolean;
  readonly taken: number;
  readonly ignored: number;
  readonly malformed: number;
  readonly published: number;
  readonly resends: number;
  readonly links: number;
}

/** The stream does not go on where this process stands; the journal may know why. */
const LOST_PATIENCE_MS = 3_000;
const END_POLL_MS = 20;
/** A second replica that had to say so many outputs in a row waits for its twin no longer, until it hears of it again. */
const ALONE_AFTER = 3;

/**
 * One service taking part in one session, from its start (or the newest snapshot) to the session's end or this
 * process's. Start-up and recovery are the same path: snapshot, journal, stream.
 */
export class SessionRun {
  private readonly deps: RunDeps;
  private readonly session: SessionRow;
  private readonly stream: string;
  private readonly intake: Intake;
  private readonly runner: CoreRunner | null;
  private readonly coreOutlet: Outlet | null;
  private readonly shell: Shell | null;
  private readonly hears: ReadonlySet<string>;
  /** Roots whose messages it is given; in those it is a full reader, of the others it knows nothing. */
  private readonly roots: ReadonlySet<string>;
  private readonly shellOutlet: Outlet;
  private readonly lease: LeaseKeeper | null;
  private readonly resendBackoff: Backoff;
  private queue = new Deque<AnyEvent>();
  private position = 0;
  /** The last input handled; below `position` while inputs wait. */
  private readonly lastBytes = Buffer.allocUnsafe(1024 * 1024 + 64);
  private lastLength = -1;
  private lastSubject = '';
  private lastStoredAt = 0;
  /** What this process believes is not what the journal or the stream holds: it starts over. */
  private discarded = false;
  private link: Link | null = null;
  /** Monotonic ms at which the journal was last read to its head. */
  private journalReadAt = Number.NEGATIVE_INFINITY;
  private endReading: ((end: ReadEnd) => void) | null = null;
  private caughtUpAt = Number.POSITIVE_INFINITY;
  private live = false;
  private everLive = false;
  private ended = false;
  private stopping = false;
  private readonly inquiry: Inquiry;
  private cancelTick: Cancel | null = null;
  private nextHeartbeat = 0;
  private readonly snapshots: SnapshotKeeper;
  private committedTo = 0;
  private fillNow = 0;
  private lagMs = 0;
  /** Outputs in a row that no twin has said. */
  private saidAlone = 0;
  private pending = 0;
  private configuration: unknown = null;
  private trustMs: number;
  private trouble: string | null = null;
  private failure: Error | null = null;
  private taken = 0;
  private ignored = 0;
  private malformed = 0;
  private published = 0;
  private resends = 0;
  private links = 0;

  constructor(deps: RunDeps, session: SessionRow) {
    this.deps = deps;
    this.session = session;
    this.stream = streamOf(session.id);
    this.trustMs = deps.options.trustStreamMs;
    this.runner = deps.makeCore === null ? null : new CoreRunner(deps.service, deps.makeCore(), session.id);
    this.coreOutlet = this.runner === null ? null : new Outlet(deps.service);
    this.shell = deps.makeShell === null ? null : deps.makeShell();
    this.hears = new Set<string>(this.shell?.hears ?? []);
    this.shellOutlet = new Outlet(`${deps.service}/${deps.boot}`);
    const wanted = new Set(['session.started', 'session.stopped', ...(this.runner?.wanted ?? []), ...this.hears]);
    this.roots = rootsOf(deps.service);
    this.intake = new Intake(session.id, wanted, this.roots);
    this.resendBackoff = new Backoff(deps.options.backoffMs);
    this.snapshots = new SnapshotKeeper({
      journal: deps.journal,
      everyMs: deps.options.snapshotEveryMs,
      now: () => deps.time.monotonicMs(),
      probe: deps.probe,
      copy: () => this.copyState(),
      failed: (why) => this.notice(why),
    });
    this.inquiry = new Inquiry({
      outlets: this.coreOutlet === null ? [this.shellOutlet] : [this.coreOutlet, this.shellOutlet],
      stream: this.stream,
      askAfterMs: deps.options.askAfterMs,
      now: () => deps.time.monotonicMs(),
      position: () => this.position,
      lost: ({ source, root, n }) => {
        this.resends++;
        this.notice(`${source}: output ${n} of ${root} was sent and is not in the stream: sending it again on a new connection`);
        this.endReading?.('link');
      },
      failed: (why) => {
        this.notice(why);
        this.endReading?.('link');
      },
    });
    this.lease =
      this.shell !== null && (LEASED_SERVICES as readonly string[]).includes(deps.service)
        ? new LeaseKeeper({
            service: deps.service as LeasedServiceName,
            boot: deps.boot,
            time: deps.time,
            turns: this.intake.turns,
            say: (act, term) => this.say('lease', [deps.service], { service: deps.service, boot: deps.boot, term, act }, undefined, true),
            changed: (held) => this.shell?.onLease(held),
          })
        : null;
  }

  get boot(): string {
    return this.deps.boot;
  }

  status(): RunStatus {
    return {
      session: this.session.id,
      position: this.position,
      live: this.live,
      lagPositions: this.pending + this.queue.length,
      lagMs: this.lagMs,
      unconfirmed: (this.coreOutlet?.unconfirmed ?? 0) + this.shellOutlet.unconfirmed,
      queued: this.queue.length,
      snapshot: this.snapshots.kept,
      trouble: this.trouble,
      holdsLease: this.lease?.holds() ?? false,
      taken: this.taken,
      ignored: this.ignored,
      malformed: this.malformed,
      published: this.published,
      resends: this.resends,
      links: this.links,
    };
  }

  /** State of the core after the position read, as its snapshot would be: for checkers. */
  coreState(): { readonly position: number; readonly state: unknown } | null {
    return this.runner === null || this.queue.length > 0 ? null : { position: this.position, state: this.runner.save() };
  }

  async run(): Promise<RunEnd> {
    try {
      await this.restore();
      if (this.session.end !== null) return await this.runToEnd(this.session.end);
      return await this.runLive();
    } finally {
      this.live = false;
      this.cancelTick?.();
      this.shell?.onEnd();
      void this.link?.close();
      this.link = null;
    }
  }

  /** Handles no further input, waits a moment for what is unconfirmed, keeps a snapshot, ends. */
  stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.lease?.release();
    this.shell?.onEnd();
    const until = this.deps.time.monotonicMs() + 2_000;
    if (this.live && this.runner !== null) this.snapshots.take();
    const wait = (): void => {
      const open = (this.coreOutlet?.unconfirmed ?? 0) + this.shellOutlet.unconfirmed;
      if (!this.live || this.deps.time.monotonicMs() >= until || (open === 0 && this.snapshots.settled)) this.endReading?.('stopped');
      else this.deps.time.after(10, wait);
    };
    wait();
  }

  // ---- start-up: snapshot, journal, stream --------------------------------------------------------------------------

  private async restore(): Promise<void> {
    const { journal, service, log } = this.deps;
    if (this.runner === null || this.coreOutlet === null) {
      // No state to rebuild: it joins where the journal stands.
      const seal = await this.retry('read the last seal', () => journal.lastSeal(this.session.id));
      if (seal === null) return;
      this.intake.turns.load(JSON.parse(seal.turns));
      this.position = seal.to;
      await this.readFirst();
      return;
    }
    const head = await this.retry('read the journal', () => journal.head(this.session.id));
    const upTo = Math.min(head, this.session.end ?? head);
    const stored = await this.retry('read snapshots', () => journal.snapshots(this.session.id, service, upTo, 5));
    for (const candidate of stored) {
      const body = openSnapshot(candidate);
      // A session that is over is finished by whatever code is there: what it says is compared with what was recorded.
      if (body === null || (candidate.version !== this.runner.core.version && this.session.end === null)) {
        log('warn', body === null ? 'snapshot is corrupt, using the one before it' : 'snapshot is of another version', {
          position: candidate.position,
          version: candidate.version,
        });
        continue;
      }
      this.runner.load(body.runner);
      this.intake.turns.load(body.turns);
      this.coreOutlet.load(this.intake.turns.lastByRoot(service), body.open, this.deps.time.monotonicMs());
      this.position = candidate.position;
      this.snapshots.restoredFrom(candidate.position);
      log('info', 'restored from a snapshot', { position: candidate.position });
      await this.readFirst();
      this.deps.probe('restored');
      return;
    }
    if (this.session.parent === null || this.session.parentPosition === null) return;
    let [last] = await this.retry("read the parent's last snapshot", () =>
      journal.snapshots(this.session.parent as string, service, this.session.parentPosition as number, 1),
    );
    let body = last === undefined ? null : openSnapshot(last);
    const made = body === null ? await this.makeParentsLast() : null;
    if (made !== null) {
      last = made;
      body = openSnapshot(made);
    }
    if (last === undefined || body === null || last.position !== this.session.parentPosition)
      throw new Error(
        `${service}: session ${this.session.id} goes on from ${this.session.parent}:${this.session.parentPosition}, but there is no sound snapshot of ${service} at that position (found ${last === undefined ? 'none' : `one at ${last.position}`}). Start anew with --clean, or restore the snapshots table from a backup.`,
      );
    // What is made again follows from sealed rows, and newer code spells it in another way.
    this.startingSha = made === null ? sha256(last.body) : null;
    this.runner.loadParent(body.runner, this.session.parent, body.open);
    log('info', 'goes on from the parent session', { parent: this.session.parent, position: this.session.parentPosition });
  }
  private startingSha: string | null = null;

  /** The state at the parent's end follows from the parent's journal: where its snapshot is corrupt, it is made once more. */
  private async makeParentsLast(): Promise<StoredSnapshot | null> {
    const parent = await this.retry('read the parent session', () => this.deps.journal.session(this.session.parent as string));
    if (parent === null || parent.end === null || parent.end !== this.session.parentPosition) return null;
    this.deps.log('warn', "the parent's last snapshot is corrupt: making it again from the journal", { parent: parent.id });
    const again = new SessionRun({ ...this.deps, makeShell: null }, parent);
    await again.restore();
    if ((await again.readTo(parent.end)) !== 'ended') return null;
    again.drainQueueAtEnd();
    return again.copyState();
  }

  /** What restores from a later position still needs the session's first event: configuration and versions. */
  private async readFirst(): Promise<void> {
    const first = (await this.retry('read the journal', () => this.deps.journal.events(this.session.id, 1, 1)))[0];
    const scanned = first === undefined ? 'is not in the journal' : scan(first.subject, first.bytes);
    const event = first === undefined || typeof scanned === 'string' ? scanned : parseEvent(first.subject, first.bytes, scanned, 1);
    if (typeof event === 'string' || !('type' in event) || event.type !== 'session.started')
      throw new Error(
        `${this.deps.service}: position 1 of ${this.session.id} should be session.started, but ${typeof event === 'string' ? event : 'is another event'}`,
      );
    this.startingSha = null;
    this.onStarted(event);
  }

  /** The session is over: read what is journaled of it, keep the state at its end for the child. Publishes nothing. */
  private async runToEnd(end: number): Promise<RunEnd> {
    if (this.runner === null) return 'ended';
    const read = await this.readTo(end);
    if (read === 'ended') await this.saveEnd();
    return read;
  }

  private async readTo(end: number): Promise<RunEnd> {
    while (this.position < end) {
      const before = this.position;
      await this.readJournalPage(end);
      if (this.stopping) return 'stopped';
      if (this.discarded) return 'discard';
      if (this.position === before)
        throw new Error(
          `${this.deps.service}: the journal of ${this.session.id} ends at ${end}, but position ${before + 1} is not in it. Run: npx arb verify ${this.session.id}`,
        );
    }
    return 'ended';
  }

  private async runLive(): Promise<RunEnd> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    for (;;) {
      if (this.stopping) return 'stopped';
      await this.readJournal();
      if (this.ended) break;
      if (this.stopping) return 'stopped';
      if (this.discarded) return 'discard';
      const attached = await this.attach();
      if (attached === 'discard') return 'discard';
      if (attached === 'again') {
        await this.pause(backoff.take());
        continue;
      }
      if (this.stopping) {
        void attached.link.close();
        return 'stopped';
      }
      if (attached.first > this.position + 1) {
        // What it no longer has is in the journal by now.
        void attached.link.close();
        await this.pause(backoff.take());
        continue;
      }
      backoff.reset();
      const end = await this.readStream(attached.link, attached.last);
      if (this.failure !== null) throw this.failure;
      if (end === 'stopped') return 'stopped';
      if (end === 'ended') break;
      if (end === 'link') await this.pause(this.resendBackoff.take());
    }
    if (this.runner === null) return 'ended';
    if (!(await this.endIsJournaled())) return 'discard';
    await this.saveEnd();
    return 'ended';
  }

  /** What the stream has as its end may still be lost with it; only the journal's end is one. */
  private async endIsJournaled(): Promise<boolean> {
    const { journal } = this.deps;
    while (!this.stopping) {
      const row = await this.retry('read the session', () => journal.session(this.session.id));
      if (row === null) return false;
      if (row.end !== null) {
        if (row.end !== this.position) return false;
        const [last] = await this.retry('read the journal', () => journal.events(this.session.id, this.position, 1));
        return last !== undefined && (this.lastLength < 0 || this.isLast(last));
      }
      await this.pause(END_POLL_MS);
    }
    return false;
  }

  private async readJournal(): Promise<void> {
    for (;;) {
      const page = await this.readJournalPage(Number.MAX_SAFE_INTEGER);
      if (page < this.deps.options.journalPage || this.ended || this.stopping || this.discarded) {
        this.journalReadAt = this.deps.time.monotonicMs();
        return;
      }
    }
  }

  private async readJournalPage(end: number): Promise<number> {
    const limit = Math.min(this.deps.options.journalPage, end - this.position);
    // What was read from a stream whose tail is lost since must not be gone on from: the journal says what stands there.
    const overlap = this.position > 0 && this.lastLength >= 0 ? 1 : 0;
    const page = await this.retry('read the journal', () =>
      this.deps.journal.events(this.session.id, this.position + 1 - overlap, limit + overlap),
    );
    for (const stored of page) {
      if (stored.position === this.position && overlap === 1) {
        if (this.isLast(stored)) continue;
        this.notice(`the journal of ${this.session.id} holds another event at position ${this.position} than was read from the stream`);
        this.discarded = true;
        return 0;
      }
      if (stored.position !== this.position + 1)
        throw new Error(
          `${this.deps.service}: the journal of ${this.session.id} has a hole at ${this.position + 1} (next is ${stored.position}). Run: npx arb verify ${this.session.id}`,
        );
      this.take(stored);
      if (this.ended || this.stopping) break;
    }
    if (this.windowFull()) await this.publishFromJournal();
    return page.length - overlap;
  }

  private isLast(stored: StreamMessage): boolean {
    return (
      stored.subject === this.lastSubject &&
      stored.storedAt === this.lastStoredAt &&
      Buffer.compare(stored.bytes, this.lastBytes.subarray(0, this.lastLength)) === 0
    );
  }

  // ---- the stream ---------------------------------------------------------------------------------------------------

  private async attach(): Promise<{ readonly link: Link; readonly first: number; readonly last: number } | 'again' | 'discard'> {
    let link: Link;
    try {
      link = await this.deps.bus.connect();
    } catch (error) {
      if (isRefusal(error)) throw error;
      this.notice((error as Error).message);
      return this.stillLive();
    }
    this.links++;
    try {
      const found = await identify(link, this.deps.journal, this.session, {
        position: this.position,
        subject: this.lastSubject,
        storedAt: this.lastStoredAt,
        bytes: this.lastLength < 0 ? null : this.lastBytes.subarray(0, this.lastLength),
      });
      if (found.same) {
        this.lostSince = null;
        this.trouble = null;
        return { link, first: found.info.firstPosition, last: found.info.lastPosition };
      }
      this.notice(found.why);
      void link.close();
      const now = this.deps.time.monotonicMs();
      this.lostSince ??= now;
      // The journal decides whether the session is lost. Where it goes on with it, this process is the one that is wrong.
      if (now - this.lostSince > LOST_PATIENCE_MS) return 'discard';
      return this.stillLive();
    } catch (error) {
      this.notice((error as Error).message);
      void link.close();
      return this.stillLive();
    }
  }
  private lostSince: number | null = null;

  /** The session may have been ended meanwhile, at a position that this process must not pass. */
  private async stillLive(): Promise<'again' | 'discard'> {
    const row = await this.retry('read the session', () => this.deps.journal.session(this.session.id));
    return row !== null && row.end === null ? 'again' : 'discard';
  }

  private async readStream(link: Link, last: number): Promise<ReadEnd> {
    this.link = link;
    this.coreOutlet?.unsend();
    this.shellOutlet.unsend();
    this.inquiry.on(link);
    this.caughtUpAt = last;
    const done = new Promise<ReadEnd>((resolve) => {
      this.endReading = (end) => {
        this.endReading = null;
        resolve(end);
      };
    });
    void link.closed.then((why) => {
      if (this.link === link) {
        this.notice(why);
        this.endReading?.('link');
      }
    });
    let reading: Reading | null = null;
    try {
      reading = await link.read(
        this.stream,
        this.position + 1,
        this.deps.service,
        (message, pending) => {
          if (this.link !== link || this.endReading === null) return;
          if (this.mayMissSome(message)) {
            this.endReading('gap');
            return;
          }
          this.pending = pending;
          try {
            this.take(message);
            this.afterMessage(message);
          } catch (error) {
            this.failure = error as Error;
            this.endReading?.('stopped');
          }
        },
        (why) => {
          if (this.link !== link) return;
          this.notice(why);
          this.endReading?.('link');
        },
      );
      if (reading.pending === 0) this.goLive();
      this.startTicking();
    } catch (error) {
      this.notice((error as Error).message);
      this.endReading?.('link');
    }
    const end = await done;
    this.live = false;
    this.cancelTick?.();
    this.cancelTick = null;
    this.link = null;
    this.inquiry.on(null);
    reading?.stop();
    void link.close();
    return end;
  }

  /**
   * Positions are no help where only some are given. The stream drops nothing but what has been in the journal for a
   * while, so whoever reads what is that old reads the journal first.
   */
  private mayMissSome(message: StreamMessage): boolean {
    const { time } = this.deps;
    if (time.wallMicros() - message.storedAt < this.trustMs * 1_000) return false;
    return time.monotonicMs() - this.journalReadAt > this.trustMs;
  }

  /** One message, from the journal or the stream. */
  private take(message: StreamMessage): void {
    const { intake } = this;
    const judgement = intake.judge(message);
    this.position = message.position;
    if (message.bytes.length <= this.lastBytes.length) {
      this.lastBytes.set(message.bytes);
      this.lastLength = message.bytes.length;
    } else this.lastLength = -1;
    this.lastSubject = message.subject;
    this.lastStoredAt = message.storedAt;
    const header = intake.header;
    if (judgement === 'taken') this.taken++;
    else if (judgement === 'malformed') this.malformed++;
    else if (judgement !== 'unread') this.ignored++;
    if (header !== null && (header.source === this.deps.service || header.source === this.shellOutlet.source)) {
      const outlet = header.source === this.deps.service ? this.coreOutlet : this.shellOutlet;
      if (outlet !== null && intake.counted) {
        const byAnother = outlet.confirm(header.n, message.position, message.subject, message.bytes, this.deps.time.monotonicMs());
        if (byAnother) this.saidAlone = 0;
        this.resendBackoff.reset();
      } else if (outlet === this.coreOutlet && judgement === 'out-of-turn' && header.n <= (outlet?.taken(header.kind.root) ?? 0)) {
        // Said twice: the twin lives.
        this.saidAlone = 0;
      } else if (
        outlet !== null &&
        judgement === 'out-of-turn' &&
        header.n > outlet.taken(header.kind.root) &&
        this.live &&
        this.deps.options.replica === 0
      ) {
        // A hole in what we sent: something of ours was lost on the way. Send it again, on a connection of its own.
        this.resends++;
        this.endReading?.('link');
      }
    }
    const event = intake.event;
    if (judgement !== 'taken' || event === null) return;
    if (event.type === 'clock') {
      this.committedTo = event.data.committed;
      this.fillNow = event.data.fill;
    } else if (event.type === 'session.started') this.onStarted(event);
    else if (event.type === 'lease' && event.data.service === this.deps.service) {
      this.lease?.heard(event.data.boot, event.data.act);
      if (event.source === this.shellOutlet.source) this.lease?.readBack(event.data.act, event.data.term);
    }
    if (this.hears.has(event.type)) this.shell?.onEvent(event, this.live);
    if (this.runner?.wanted.has(event.type) === true) {
      if (this.queue.length === 0 && !this.windowFull() && !this.stopping) this.apply(event);
      else this.enqueue(event);
    } else if (this.queue.length === 0) this.coreOutlet?.expectDerivedBelow(message.position);
    if (this.queue.length > 0) this.drainQueue();
    if (event.type === 'session.stopped') {
      this.ended = true;
      this.endReading?.('ended');
    }
  }

  private onStarted(event: Extract<AnyEvent, { type: 'session.started' }>): void {
    this.configuration = event.data.config;
    const trimSeconds = (event.data.config as { readonly journal?: { readonly trimSeconds?: unknown } } | null)?.journal?.trimSeconds;
    if (typeof trimSeconds === 'number') this.trustMs = Math.min(this.trustMs, (trimSeconds * 1_000) / 3);
    if (this.runner === null) return;
    const named = event.data.versions[this.deps.service];
    if (named !== this.runner.core.version && this.session.end === null)
      throw new Error(`${this.deps.service}: session ${this.session.id} names version ${named} of it, this is ${this.runner.core.version}`);
    const expected = event.data.snapshots[this.deps.service];
    if (this.startingSha !== null && expected !== this.startingSha)
      throw new Error(
        `${this.deps.service}: session ${this.session.id} starts from a snapshot with hash ${expected}, the one stored has ${this.startingSha}`,
      );
  }

  private afterMessage(message: StreamMessage): void {
    if (!this.live && (this.pending === 0 || this.position >= this.caughtUpAt)) this.goLive();
    if (!this.live) return;
    this.lagMs = Math.max(0, (this.deps.time.wallMicros() - message.storedAt) / 1_000);
    this.send();
    this.inquiry.read();
  }

  private goLive(): void {
    if (this.live || this.stopping) return;
    this.live = true;
    if (!this.everLive) {
      this.everLive = true;
      const { boot, options, pid } = this.deps;
      this.say('service.started', [this.deps.service], { boot, version: this.version(), replica: options.replica, pid });
      this.snapshots.begin();
      this.shell?.onLive(this.shellContext());
    }
    this.send();
  }

  // ---- the core -----------------------------------------------------------------------------------------------------

  private apply(event: AnyEvent): void {
    const { coreOutlet, runner, deps } = this;
    if (runner === null || coreOutlet === null) return;
    coreOutlet.expectDerivedBelow(event.position);
    deps.probe('before-derive');
    const now = deps.time.monotonicMs();
    const before = runner.derived;
    runner.apply(event, (output: Output) => coreOutlet.offer(output.n, output.subject, output.bytes, output.cause, now));
    if (runner.derived !== before) deps.probe('after-derive');
    if (this.live && runner.derived !== before) {
      this.send();
      deps.probe('after-publish');
    }
  }

  private enqueue(event: AnyEvent): void {
    this.queue.push(event);
    if (this.queue.length > this.deps.options.queueEvents && !this.stopping)
      throw new Error(
        `${this.deps.service}: ${this.queue.length} inputs wait behind ${this.coreOutlet?.unconfirmed} unconfirmed outputs at position ${this.position}: starting over from the journal`,
      );
  }

  private drainQueue(): void {
    while (!this.windowFull() && !this.stopping) {
      const event = this.queue.shift();
      if (event === undefined) return;
      this.apply(event);
    }
  }

  private windowFull(): boolean {
    // Of a session that is over nothing is published any more: what is open at its end is carried into the child.
    return this.session.end === null && this.coreOutlet !== null && this.coreOutlet.unconfirmed >= this.deps.options.window;
  }

  // ---- sending ------------------------------------------------------------------------------------------------------

  private send(): void {
    const { link, deps } = this;
    if (link === null || !this.live) return;
    const now = deps.time.monotonicMs();
    const { replica, patienceMs } = deps.options;
    const second = replica > 0 && this.saidAlone < ALONE_AFTER;
    const patience = second || this.lagMs > deps.options.behindMs ? patienceMs * Math.max(1, replica) : 0;
    if (this.coreOutlet !== null) {
      const sent = this.coreOutlet.send(link, now, patience);
      this.published += sent;
      if (replica > 0) this.saidAlone += sent;
    }
    this.published += this.shellOutlet.send(link, now, 0);
  }

  private say<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, options?: SayOptions, important = false): boolean {
    if (!this.live || (this.stopping && !important)) return false;
    if (this.shellOutlet.unconfirmed >= this.deps.options.window && !important) return false;
    const { shellOutlet, deps } = this;
    const header: Header = {
      n: shellOutlet.derived(CATALOG[type].root) + 1,
      source: shellOutlet.source,
      session: this.session.id,
      type,
      v: CATALOG[type].v,
      at: options?.at ?? deps.time.wallMicros(),
      cause: options?.cause ?? null,
      ...(options?.basis === undefined || options.basis.length === 0 ? {} : { basis: options.basis }),
    };
    const subject = subjectOf(type, ...words);
    const bytes = encodeOutput(subject, header, data);
    if (typeof bytes === 'string') throw new Error(`${shellOutlet.source} would say a malformed ${type} on ${subject}: ${bytes}`);
    shellOutlet.offer(header.n, subject, bytes, 0, deps.time.monotonicMs());
    this.send();
    return true;
  }

  private shellContext(): ShellContext {
    return {
      session: this.session.id,
      boot: this.deps.boot,
      time: this.deps.time,
      config: this.configuration,
      core: this.runner?.core ?? null,
      say: (type, words, data, options) => this.say(type, words, data, options),
      room: () => (this.live && !this.stopping ? Math.max(0, this.deps.options.window - this.shellOutlet.unconfirmed) : 0),
      holdsLease: () => this.lease?.holds() ?? false,
      fill: () => this.fillNow,
      committed: () => this.committedTo,
    };
  }

  // ---- several times a second ---------------------------------------------------------------------------------------

  private startTicking(): void {
    const patient = this.deps.options.replica > 0;
    const every = patient ? Math.min(this.deps.options.tickMs, this.deps.options.patienceMs / 2) : this.deps.options.tickMs;
    const tick = (): void => {
      this.cancelTick = this.deps.time.after(every, tick);
      try {
        this.tick();
      } catch (error) {
        this.failure = error as Error;
        this.endReading?.('stopped');
      }
    };
    this.cancelTick = this.deps.time.after(every, tick);
  }

  private tick(): void {
    const { deps } = this;
    const now = deps.time.monotonicMs();
    if (!this.live) return;
    this.lease?.tick();
    if (now >= this.nextHeartbeat && this.shellOutlet.unconfirmed < 100) {
      this.nextHeartbeat = now + deps.options.heartbeatMs;
      this.say('service.heartbeat', [deps.service], {
        boot: deps.boot,
        position: this.position,
        lagPositions: this.pending + this.queue.length,
        lagMs: this.lagMs,
        unconfirmed: this.coreOutlet?.unconfirmed ?? 0,
        ready: this.live,
        snapshot: this.snapshots.kept,
        rssMb: Math.round(deps.rssMb()),
        trouble: this.trouble,
      });
    }
    this.send();
    this.inquiry.tick();
    this.snapshots.tick(this.committedTo);
  }

  // ---- snapshots ----------------------------------------------------------------------------------------------------

  private copyState(): StoredSnapshot | null {
    const { runner, coreOutlet } = this;
    if (runner === null || coreOutlet === null || this.queue.length > 0) return null;
    return makeSnapshot(this.session.id, this.deps.service, this.position, this.version(), {
      runner: runner.save(),
      turns: this.intake.turns.save(this.roots),
      open: coreOutlet.saveOpen(),
    });
  }

  /** State at the session's end, for the child; written once the journal says that this is the end. */
  private async saveEnd(): Promise<void> {
    this.live = false;
    this.drainQueueAtEnd();
    const last = this.copyState();
    if (last === null) throw new Error(`${this.deps.service}: inputs still wait at the end of ${this.session.id}`);
    this.deps.probe('snapshot-copied');
    await this.retry('save the last snapshot', () => this.snapshots.saveNow(last));
  }

  /** At the end nothing can be confirmed any more: what is open is carried into the child. */
  private drainQueueAtEnd(): void {
    for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift()) this.apply(event);
  }

  // ---- far behind ---------------------------------------------------------------------------------------------------

  private async publishFromJournal(): Promise<void> {
    const { coreOutlet, deps } = this;
    if (coreOutlet === null) return;
    const went = await publishFarBehind({
      service: deps.service,
      session: this.session.id,
      stream: this.stream,
      outlet: coreOutlet,
      roots: this.roots,
      journal: deps.journal,
      time: deps.time,
      options: deps.options,
      position: () => this.position,
      windowFull: () => this.windowFull(),
      stopping: () => this.stopping,
      attach: async () => ((await this.stillLive()) === 'discard' ? 'discard' : this.attach()),
      pause: (ms) => this.pause(ms),
      retry: (what, call) => this.retry(what, call),
    });
    if (went === 'discard') this.discarded = true;
  }

  // ---- small things -------------------------------------------------------------------------------------------------

  private version(): string {
    return this.runner?.core.version ?? '1';
  }

  private notice(what: string): void {
    if (what !== this.trouble) this.deps.log('warn', what, { session: this.session.id, position: this.position });
    this.trouble = what;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.deps.time.after(ms, resolve);
    });
  }

  /** The journal's database may be away for a while; nothing can start without it, so it is waited for. */
  private async retry<T>(what: string, call: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    for (;;) {
      try {
        return await call();
      } catch (error) {
        this.notice(`cannot ${what}: ${(error as Error).message}`);
        if (this.stopping || isRefusal(error)) throw error;
        await this.pause(backoff.take());
      }
    }
  }
}
