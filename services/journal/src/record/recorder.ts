import { createHash } from 'node:crypto';
import {
  CATALOG,
  type DataOf,
  type EventType,
  encodeOutput,
  type Header,
  SESSION_SUBJECTS,
  streamOf,
  subjectOf,
} from '@arb/shared/contracts';
import { rowOf, sealBatch, startChain } from '@arb/shared/journal';
import {
  type AdminLink,
  Backoff,
  type Cancel,
  Deque,
  Inquiry,
  Intake,
  identify,
  isRefusal,
  type JournalRow,
  type JournalStore,
  Outlet,
  type Reading,
  type Seal,
  type StreamMessage,
} from '@arb/shared/runtime';
import type { RecordDeps, SessionRow } from './deps.ts';
import { StreamClock } from './stream-clock.ts';

/** Why a recorder is done. `superseded`: another journal writes this session now. */
export type RecordEnd = 'stopped' | 'cut' | 'lost' | 'superseded';

const MAX_BATCH_ROWS = 10_000;
const ASK_AFTER_MS = 250;
const TICK_MS = 20;
const FILL_EVERY_MS = 1_000;
const TRIM_EVERY_MS = 10_000;
const MAX_QUARANTINES_PER_SECOND = 20;
/** A lost stream is believed in only when it is still lost this long after. */
const LOST_AGAIN_AFTER_MS = 500;
const RESUME_AGAIN_MS = 250;
const MAX_UNCONFIRMED = 200;

/**
 * Drains one session's stream into Postgres, in order, every position once, and speaks for the journal on the stream:
 * clock, commits, quarantine, and the session's own beginning and end.
 */
export class Recorder {
  private readonly deps: RecordDeps;
  private readonly session: SessionRow;
  private readonly stream: string;
  private readonly intake: Intake;
  private readonly outlet: Outlet;
  private readonly clock: StreamClock;
  private readonly resendBackoff: Backoff;
  private store: JournalStore;
  private storeReady = true;
  private rows = new Deque<JournalRow>();
  private rowBytes = 0;
  private last: JournalRow | null = null;
  private read = 0;
  private sealed: Seal | null;
  private inFlight: Seal | null = null;
  private flushTimer: Cancel | null = null;
  private link: AdminLink | null = null;
  private endReading: ((why: 'link' | 'gap' | 'full') => void) | null = null;
  private caughtUpAt = Number.POSITIVE_INFINITY;
  private live = false;
  private started = false;
  private stopping = false;
  private cutting = false;
  private silent = false;
  private stoppedAt: number | null = null;
  private end: RecordEnd | null = null;
  private failure: Error | null = null;
  private readonly inquiry: Inquiry;
  private committedAt: number | null = null;
  private committedSaidAt = Number.NEGATIVE_INFINITY;
  private committedSaid = 0;
  private commitWorthSaying = false;
  private commitUrgent = false;
  private nextClock = 0;
  private nextResume = 0;
  private nextFill = 0;
  private nextTrim = 0;
  private nextHeartbeat = 0;
  private fill = 0;
  /** The highest position that the stream was known to hold. */
  private highest = 0;
  private fillAsked = false;
  private trail = new Deque<{ readonly at: number; readonly to: number }>();
  private quarantines = { second: 0, count: 0 };
  private trouble: string | null = null;
  private ignored = 0;
  private malformed = 0;
  private links = 0;

  constructor(
    deps: RecordDeps,
    session: SessionRow,
    store: JournalStore,
    seal: Seal | null,
    startedHere: { readonly bytes: Buffer; readonly subject: string } | null,
  ) {
    this.deps = deps;
    this.session = session;
    this.stream = streamOf(session.id);
    this.store = store;
    this.sealed = seal;
    this.intake = new Intake(session.id, new Set(['all']));
    this.outlet = new Outlet(`journal/${deps.boot}`);
    this.clock = new StreamClock(deps.time);
    // The journal before this one may have taken the subjects already: a clock that finds no stream would leave a hole
    // in this boot's numbers, which nothing said later could pass.
    this.silent = session.status === 'cutting';
    this.resendBackoff = new Backoff(deps.options.backoffMs);
    this.inquiry = new Inquiry({
      outlets: [this.outlet],
      stream: this.stream,
      askAfterMs: ASK_AFTER_MS,
      now: () => deps.time.monotonicMs(),
      position: () => this.read,
      lost: ({ root, n }) => {
        this.notice(`journal: output ${n} of ${root} was sent and is not in the stream: sending it again on a new connection`);
        this.endReading?.('link');
      },
      failed: (why) => {
        this.notice(why);
        this.endReading?.('link');
      },
    });
    if (seal !== null) {
      this.intake.turns.load(JSON.parse(seal.turns));
      this.read = seal.to;
      this.clock.goOnAbove(this.intake.turns.clock);
    }
    // The session's first event is in the stream already; it is only read back.
    if (startedHere !== null) this.outlet.offer(1, startedHere.subject, startedHere.bytes, 0, deps.time.monotonicMs());
  }

  status() {
    return {
      session: this.session.id,
      position: this.read,
      committed: this.sealed?.to ?? 0,
      pendingRows: this.rows.length,
      live: this.live && this.storeReady && this.holds(),
      unconfirmed: this.outlet.unconfirmed,
      fill: this.fill,
      trouble: this.trouble,
      ignored: this.ignored,
      malformed: this.malformed,
      links: this.links,
      lagMs: this.committedAt === null ? 0 : Math.max(0, (this.deps.time.wallMicros() - this.committedAt) / 1_000),
    };
  }

  /** Reads and records until stopped, cut, lost or superseded. Everything read is in Postgres when it resolves with `cut` or `lost`. */
  async run(): Promise<{ readonly end: RecordEnd; readonly position: number }> {
    this.watchStore();
    const backoff = new Backoff(this.deps.options.backoffMs);
    let lostSince: number | null = null;
    try {
      while (this.end === null) {
        this.check();
        if (this.stopping) {
          this.end = 'stopped';
          break;
        }
        if (this.full()) {
          await this.pause(5);
          continue;
        }
        let link: AdminLink;
        try {
          link = await this.deps.bus.connect();
        } catch (error) {
          if (isRefusal(error)) throw error;
          this.notice((error as Error).message);
          await this.pause(backoff.take());
          continue;
        }
        this.links++;
        try {
          const found = await identify(link, this.store, this.session, {
            position: this.read,
            subject: this.last?.subject ?? '',
            storedAt: this.last?.storedAt ?? 0,
            bytes: this.last?.bytes ?? null,
          });
          // A session is live once its first event stands in the stream; an empty one has lost it.
          const beheaded = found.same && this.read === 0 && found.info.lastPosition === 0;
          if (!found.same || beheaded) {
            this.notice(found.same ? `stream ${this.stream} has lost its first event` : found.why);
            void link.close();
            const now = this.deps.time.monotonicMs();
            lostSince ??= now;
            if (now - lostSince >= LOST_AGAIN_AFTER_MS) {
              await this.drain();
              // Read to its end before it was lost: nothing is missing.
              this.end ??= this.stoppedAt === null ? 'lost' : 'cut';
              break;
            }
            await this.pause(100);
            continue;
          }
          lostSince = null;
          this.highest = Math.max(this.highest, found.info.lastPosition);
          this.trouble = null;
          backoff.reset();
          const why = await this.readStream(link, found.info.lastPosition);
          if (why === 'link') await this.pause(this.resendBackoff.take());
        } catch (error) {
          this.notice((error as Error).message);
          void link.close();
          await this.pause(backoff.take());
        }
      }
      this.check();
      return { end: this.end as RecordEnd, position: this.sealed?.to ?? 0 };
    } finally {
      this.flushTimer?.();
      this.live = false;
      void this.link?.close();
      this.link = null;
    }
  }

  /** Stops between two batches: what is read is journaled first. */
  async stop(): Promise<void> {
    this.stopping = true;
    const until = this.deps.time.monotonicMs() + 5_000;
    while (this.end === null && this.storeReady && (this.rows.length > 0 || this.inFlight !== null) && this.deps.time.monotonicMs() < until)
      await this.pause(10);
    this.end ??= 'stopped';
    this.endReading?.('link');
  }

  /**
   * Ends the session at a position of its stream: `session.stopping`, no more subjects but the session's own,
   * `session.stopped`. Every step may be repeated by the next journal.
   */
  async cut(reason: string): Promise<void> {
    if (this.cutting) return;
    this.cutting = true;
    // Behind an end that stands in the stream already late words may follow, which are never read up to.
    await this.until(() => this.stoppedAt !== null || (this.live && this.started));
    await this.markCutting();
    if (this.end !== null) return;
    this.deps.probe('cut-marked');
    if (this.stoppedAt === null) {
      this.say('session.stopping', { reason });
      this.silent = true;
      await this.until(() => this.outlet.unconfirmed === 0 && this.live);
      if (this.end !== null) return;
      this.deps.probe('cut-stopping-read-back');
      await this.admin((admin) => admin.setSubjects(this.stream, SESSION_SUBJECTS));
      if (this.end !== null) return;
      this.deps.probe('cut-subjects-taken');
      // Said while another boot was listened to, it is not taken: it is said again.
      while (this.stoppedAt === null && this.end === null) {
        this.say('session.stopped', { reason });
        await this.until(() => this.stoppedAt !== null || (this.live && this.holds() && this.outlet.unconfirmed === 0));
      }
    }
    // Stopped, lost or superseded meanwhile: then this is no end of the session.
    if (this.end !== null) return;
    this.deps.probe('cut-stopped-read-back');
    await this.until(() => (this.sealed?.to ?? 0) >= (this.stoppedAt as number));
    this.end ??= 'cut';
    this.endReading?.('link');
  }

  /** Postgres may be away just now; the cut waits for it, or it would be forgotten. */
  private async markCutting(): Promise<void> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    for (;;) {
      this.check();
      if (this.end !== null) return;
      if (this.storeReady)
        try {
          await this.store.updateSession(this.session.id, { status: 'cutting' });
          return;
        } catch (error) {
          this.notice(`Postgres: ${(error as Error).message}`);
        }
      await this.pause(backoff.take());
    }
  }

  /** Of a stream that is lost: how far it was known to go, or null where that is no further than what is journaled. */
  get knownEnd(): number | null {
    const to = this.sealed?.to ?? 0;
    return this.highest > to ? this.highest : null;
  }

  /** Resolves once this boot is the one that is listened to. */
  async untilLive(): Promise<void> {
    await this.until(() => this.live && this.started);
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  private async readStream(link: AdminLink, last: number): Promise<'link' | 'gap' | 'full'> {
    this.link = link;
    this.outlet.unsend();
    this.inquiry.on(link);
    this.caughtUpAt = last;
    this.fillAsked = false;
    const done = new Promise<'link' | 'gap' | 'full'>((resolve) => {
      this.endReading = (why) => {
        this.endReading = null;
        resolve(why);
      };
    });
    void link.closed.then((why) => {
      if (this.link !== link) return;
      this.notice(why);
      this.endReading?.('link');
    });
    let reading: Reading | null = null;
    let cancelTick: Cancel = () => {};
    try {
      reading = await link.read(
        this.stream,
        this.read + 1,
        null,
        (message) => {
          // Late words may still follow the end; they are nobody's.
          if (this.link !== link || this.endReading === null || this.stoppedAt !== null) return;
          if (message.position !== this.read + 1) {
            this.fail(
              new Error(
                `journal: the stream ${this.stream} goes on at ${message.position}, but ${this.read + 1} is not journaled yet: it was removed by somebody else. Run: npx arb doctor`,
              ),
            );
            return;
          }
          try {
            this.take(message);
          } catch (error) {
            this.fail(error as Error);
          }
        },
        (why) => {
          if (this.link !== link) return;
          this.notice(why);
          this.endReading?.('link');
        },
      );
      if (this.read >= this.caughtUpAt) this.goLive();
      const tick = (): void => {
        cancelTick = this.deps.time.after(TICK_MS, tick);
        try {
          this.tick();
        } catch (error) {
          this.fail(error as Error);
        }
      };
      cancelTick = this.deps.time.after(TICK_MS, tick);
    } catch (error) {
      this.notice((error as Error).message);
      this.endReading?.('link');
    }
    const why = await done;
    cancelTick();
    this.live = false;
    this.link = null;
    this.inquiry.on(null);
    reading?.stop();
    void link.close();
    this.check();
    return why;
  }

  private take(message: StreamMessage): void {
    const { deps, intake } = this;
    const judgement = intake.judge(message);
    const row = rowOf(message, judgement, intake);
    if (row.position === 1 && !(row.taken && row.type === 'session.started')) {
      // Its beginning was lost before it was journaled: there is nothing to go on from but the parent.
      this.notice(`position 1 of ${this.stream} is not session.started`);
      this.end ??= 'lost';
      this.endReading?.('link');
      return;
    }
    this.read = row.position;
    this.last = row;
    this.rows.push(row);
    this.rowBytes += row.bytes.length;
    if (judgement === 'malformed') this.malformed++;
    else if (judgement !== 'taken') this.ignored++;
    const header = intake.header;
    if (header !== null && header.source === this.outlet.source) {
      if (intake.counted) {
        this.outlet.confirm(header.n, row.position, row.subject, row.bytes, deps.time.monotonicMs());
        this.resendBackoff.reset();
        if (header.kind.type === 'clock') this.clock.compare(header.at, message.storedAt);
      } else if (judgement === 'out-of-turn' && header.n > this.outlet.taken(header.kind.root) && this.live) this.endReading?.('link');
    }
    if (judgement === 'malformed') this.quarantine(row, intake.fault as string);
    if (judgement === 'taken') {
      const type = header?.kind.type;
      // A commit is told for every batch that holds more than the journal's own small talk.
      if (type !== 'journal.committed' && type !== 'clock' && type !== 'service.heartbeat') this.commitWorthSaying = true;
      if (type === 'order') this.commitUrgent = true;
      if (type === 'clock') this.clock.goOnAbove(intake.turns.clock);
      if (type === 'session.stopped') this.stoppedAt = row.position;
      if (type === 'session.started' || type === 'session.resumed') this.started = this.holds();
    } else if (judgement !== 'out-of-turn') this.commitWorthSaying = true;
    const holder = intake.turns.holderOf('journal');
    if (this.started && holder !== null && holder.boot !== deps.boot) {
      this.end = 'superseded';
      this.endReading?.('link');
    }
    this.scheduleFlush();
    if (!this.live && this.read >= this.caughtUpAt) this.goLive();
    if (this.live) this.afterMessage();
    if (this.full()) this.endReading?.('full');
  }

  private afterMessage(): void {
    this.send();
    this.inquiry.read();
  }

  private goLive(): void {
    this.live = true;
    if (this.stoppedAt === null && this.outlet.silent) this.resume();
    this.send();
  }

  private resume(): void {
    const holder = this.intake.turns.holderOf('journal');
    if (holder === null || holder.boot === this.deps.boot) return;
    // Two that both believe to be the writer do not shout each other down: the one without the lock learns it meanwhile.
    this.nextResume = this.deps.time.monotonicMs() + RESUME_AGAIN_MS;
    this.say('session.resumed', { boot: this.deps.boot, term: holder.term + 1 });
  }

  private holds(): boolean {
    return this.intake.turns.holderOf('journal')?.boot === this.deps.boot;
  }

  private full(): boolean {
    return this.rows.length >= this.deps.options.pendingRows || this.rowBytes >= this.deps.options.pendingBytes;
  }

  // ---- speaking -----------------------------------------------------------------------------------------------------

  private say<K extends EventType>(
    type: K,
    data: DataOf<K>,
    words: readonly string[] = [],
    at?: number,
    cause: number | null = null,
  ): void {
    const { outlet, deps } = this;
    const header: Header = {
      n: outlet.derived(CATALOG[type].root) + 1,
      source: outlet.source,
      session: this.session.id,
      type,
      v: CATALOG[type].v,
      at: at ?? deps.time.wallMicros(),
      cause,
    };
    const subject = subjectOf(type, ...words);
    const bytes = encodeOutput(subject, header, data);
    if (typeof bytes === 'string') throw new Error(`journal would say a malformed ${type}: ${bytes}`);
    outlet.offer(header.n, subject, bytes, 0, deps.time.monotonicMs());
    this.send();
  }

  private send(): void {
    if (this.link !== null && this.live) this.outlet.send(this.link, this.deps.time.monotonicMs(), 0);
  }

  private tick(): void {
    const { deps } = this;
    const now = deps.time.monotonicMs();
    if (!this.live) return;
    // A late word of a journal that is no more may have taken the term that was asked for.
    if (!this.started && this.storeReady && this.stoppedAt === null && this.outlet.unconfirmed === 0 && now >= this.nextResume)
      this.resume();
    if (this.started && !this.silent && this.outlet.unconfirmed < MAX_UNCONFIRMED) {
      if (now >= this.nextClock) {
        // Ticks that a busy moment has swallowed are not made up for: time is said as it is now.
        this.nextClock = Math.max(this.nextClock + deps.options.clockMs, now);
        this.say('clock', { fill: this.fill, committed: this.sealed?.to ?? 0, committedAt: this.committedAt }, [], this.clock.next());
      }
      if (now >= this.nextHeartbeat) {
        this.nextHeartbeat = now + deps.options.heartbeatMs;
        this.say('service.heartbeat', this.heartbeat(), ['journal']);
      }
      this.tellCommitted(now);
    }
    this.send();
    this.inquiry.tick();
    this.watchStream(now);
  }

  private heartbeat(): DataOf<'service.heartbeat'> {
    const status = this.status();
    return {
      boot: this.deps.boot,
      position: status.position,
      lagPositions: status.pendingRows,
      lagMs: status.lagMs,
      unconfirmed: status.unconfirmed,
      ready: status.live,
      snapshot: null,
      rssMb: Math.round(this.deps.rssMb()),
      trouble: status.trouble ?? this.deps.trouble?.() ?? null,
    };
  }

  private tellCommitted(now: number): void {
    const { sealed } = this;
    if (sealed === null || sealed.to === this.committedSaid || !this.commitToTell || !this.live || !this.started || this.silent) return;
    if (!this.commitToTellUrgent && now - this.committedSaidAt < this.deps.options.committedMs) return;
    this.committedSaid = sealed.to;
    this.committedSaidAt = now;
    this.commitToTell = false;
    this.commitToTellUrgent = false;
    this.say('journal.committed', { to: sealed.to, head: sealed.head });
  }
  /** A batch that is committed held something that somebody may wait for. */
  private commitToTell = false;
  private commitToTellUrgent = false;

  private quarantine(row: JournalRow, reason: string): void {
    if (!this.started || this.silent) return;
    const second = Math.floor(this.deps.time.monotonicMs() / 1_000);
    if (second !== this.quarantines.second) this.quarantines = { second, count: 0 };
    // All of them are in the journal; only so many are talked about.
    if (++this.quarantines.count > MAX_QUARANTINES_PER_SECOND) return;
    this.say(
      'quarantine',
      {
        position: row.position,
        subject: row.subject.slice(0, 200),
        length: row.bytes.length,
        sha256: createHash('sha256').update(row.bytes).digest('hex'),
        head: Buffer.from(row.bytes.subarray(0, 1_024)).toString('base64'),
        reason: reason.slice(0, 500),
      },
      [],
      undefined,
      row.position,
    );
  }

  private watchStream(now: number): void {
    const { link, deps } = this;
    if (link === null) return;
    if (now >= this.nextFill && !this.fillAsked) {
      this.nextFill = now + FILL_EVERY_MS;
      this.fillAsked = true;
      link
        .streamInfo(this.stream)
        .then((info) => {
          if (info !== null) this.highest = Math.max(this.highest, info.lastPosition);
          if (info !== null) this.fill = Math.min(1, Math.round((info.bytes / info.maxBytes) * 1_000) / 1_000);
        })
        .catch((error: Error) => this.notice(error.message))
        .finally(() => {
          this.fillAsked = false;
        });
    }
    if (now >= this.nextTrim && this.sealed !== null && !this.cutting) {
      this.nextTrim = now + Math.min(TRIM_EVERY_MS, deps.options.trimSeconds * 1_000);
      this.trail.push({ at: now, to: this.sealed.to });
      let below = 0;
      for (
        let first = this.trail.first();
        first !== undefined && now - first.at >= deps.options.trimSeconds * 1_000;
        first = this.trail.first()
      ) {
        below = first.to;
        this.trail.shift();
      }
      // `below` itself stays, so the stream is never empty of what was read last.
      if (below > 1) link.admin.purge(this.stream, below).catch((error: Error) => this.notice(error.message));
    }
  }

  // ---- writing ------------------------------------------------------------------------------------------------------

  private scheduleFlush(): void {
    if (this.inFlight !== null || !this.storeReady) return;
    if (this.rows.length >= this.deps.options.batchRows) this.flush();
    else if (this.flushTimer === null)
      this.flushTimer = this.deps.time.after(this.deps.options.batchMs, () => {
        this.flushTimer = null;
        this.flush();
      });
  }

  private flush(): void {
    if (this.inFlight !== null || !this.storeReady || this.rows.length === 0 || this.failure !== null) return;
    const batch: JournalRow[] = [];
    const most = Math.min(this.rows.length, MAX_BATCH_ROWS);
    // Turns are known after the last row read, so a batch ends there, unless a long outage has piled up too much.
    for (let i = 0; i < most; i++) batch.push(this.rows.at(i) as JournalRow);
    const from = (batch[0] as JournalRow).position;
    const to = (batch[batch.length - 1] as JournalRow).position;
    const chain = sealBatch(this.sealed ?? startChain(), batch, from, to);
    const turns = most === this.rows.length ? this.intake.turns.save() : this.turnsAfter(batch);
    const seal: Seal = { from, to, ...chain, turns: JSON.stringify(turns) };
    this.inFlight = seal;
    const worth = this.commitWorthSaying;
    const urgent = this.commitUrgent;
    this.commitWorthSaying = false;
    this.commitUrgent = false;
    const { store } = this;
    this.deps.probe('before-append');
    const appending = store.append(this.session, batch, seal).then(
      () => {
        if (this.store !== store) return;
        this.deps.probe('after-append');
        this.committed(seal);
        this.commitToTell ||= worth;
        this.commitToTellUrgent ||= urgent;
        if (this.live) {
          try {
            this.tellCommitted(this.deps.time.monotonicMs());
          } catch (error) {
            this.fail(error as Error);
          }
        }
        if (this.rows.length > 0) this.scheduleFlush();
      },
      (error: Error) => {
        this.commitWorthSaying ||= worth;
        this.commitUrgent ||= urgent;
        if (this.store === store) this.storeLost(error.message);
      },
    );
    // What breaks while a commit is told breaks the recording, not only this promise.
    appending.catch((error: Error) => this.fail(error));
  }

  private committed(seal: Seal): void {
    while ((this.rows.first()?.position ?? Number.POSITIVE_INFINITY) <= seal.to) {
      const row = this.rows.shift() as JournalRow;
      this.rowBytes -= row.bytes.length;
      if (row.at !== null && row.taken) this.committedAt = row.at;
    }
    this.sealed = seal;
    this.inFlight = null;
  }

  /** Turns after a part of what was read: judged again from the last seal on. */
  private turnsAfter(batch: readonly JournalRow[]) {
    const intake = new Intake(this.session.id, new Set(['all']));
    if (this.sealed !== null) intake.turns.load(JSON.parse(this.sealed.turns));
    for (const row of batch) intake.judge(row);
    return intake.turns.save();
  }

  private watchStore(): void {
    const { store } = this;
    void store.lost.then((why) => {
      if (this.store === store && this.end === null) this.storeLost(why);
    });
  }

  /** Postgres is away. The clock goes on, so that everybody sees the journal fall behind; nothing is journaled meanwhile. */
  private storeLost(why: string): void {
    if (!this.storeReady || this.end !== null) return;
    this.storeReady = false;
    this.notice(`Postgres: ${why}`);
    void this.reopen();
  }

  private async reopen(): Promise<void> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    for (;;) {
      const old = this.store;
      void old.close().catch((error: Error) => this.deps.log('debug', `closing the lost store: ${error.message}`));
      await this.pause(backoff.take());
      if (this.end !== null || (this.stopping && this.rows.length === 0)) return;
      const store = this.deps.openStore();
      this.store = store;
      try {
        if (!(await store.lock())) {
          this.notice('another journal holds the lock');
          continue;
        }
        const row = await store.session(this.session.id);
        const last = await store.lastSeal(this.session.id);
        const to = last?.to ?? 0;
        if (
          row === null ||
          row.end !== null ||
          (to !== (this.sealed?.to ?? 0) && to !== this.inFlight?.to) ||
          (last !== null && last.head !== (to === this.inFlight?.to ? this.inFlight.head : this.sealed?.head))
        ) {
          this.end = 'superseded';
          this.endReading?.('link');
          return;
        }
        // The commit whose answer was lost may have happened.
        if (last !== null && to === this.inFlight?.to) this.committed(last);
        this.inFlight = null;
        this.storeReady = true;
        this.trouble = null;
        this.commitToTell = true;
        this.watchStore();
        this.scheduleFlush();
        return;
      } catch (error) {
        this.notice(`Postgres: ${(error as Error).message}`);
      }
    }
  }

  /** Everything that was read goes to Postgres. */
  private async drain(): Promise<void> {
    await this.until(() => this.rows.length === 0 && this.inFlight === null);
  }

  // ---- small things -------------------------------------------------------------------------------------------------

  get presentStore(): JournalStore {
    return this.store;
  }

  private async admin(call: (admin: AdminLink['admin']) => Promise<void>): Promise<void> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    for (;;) {
      this.check();
      if (this.end !== null) return;
      const { link } = this;
      if (link !== null)
        try {
          await call(link.admin);
          return;
        } catch (error) {
          this.notice((error as Error).message);
        }
      await this.pause(backoff.take());
    }
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.check();
      if (this.end !== null) return;
      await this.pause(5);
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.endReading?.('link');
  }

  private check(): void {
    if (this.failure !== null) throw this.failure;
  }

  private notice(what: string): void {
    if (what !== this.trouble) this.deps.log('warn', what, { session: this.session.id, position: this.read });
    this.trouble = what;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.deps.time.after(ms, resolve);
    });
  }
}
