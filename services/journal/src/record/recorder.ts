import { type DataOf, type EventType, streamOf } from '@arb/shared/contracts';
import { rowOf } from '@arb/shared/journal';
import {
  type AdminLink,
  Backoff,
  type Cancel,
  Inquiry,
  Intake,
  type JournalRow,
  type JournalStore,
  Outlet,
  Patience,
  type SayOptions,
  type Seal,
  type StreamMessage,
  tickEvery,
  Voice,
} from '@arb/shared/runtime';
import { CommitNews } from './commit-news.ts';
import type { RecordDeps, SessionRow } from './deps.ts';
import { JournalWords } from './journal-words.ts';
import { RecordedStream } from './recorded-stream.ts';
import { SealedBatches } from './sealed-batches.ts';
import { SessionCut } from './session-cut.ts';
import { StreamClock } from './stream-clock.ts';
import { StreamFill } from './stream-fill.ts';
import { StreamTrim } from './stream-trim.ts';
import { type ReadEnd, type WholeReader, WholeReading } from './whole-reading.ts';

/** Why a recorder is done. `superseded`: another journal writes this session now. */
export type RecordEnd = 'stopped' | 'cut' | 'lost' | 'superseded';

const ASK_AFTER_MS = 250;
const TICK_MS = 20;
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
  private readonly voice: Voice;
  private readonly inquiry: Inquiry;
  private readonly clock: StreamClock;
  private readonly batches: SealedBatches;
  private readonly words: JournalWords;
  private readonly recorded: RecordedStream;
  private readonly fill: StreamFill;
  private readonly trim: StreamTrim;
  private readonly ending: SessionCut;
  private readonly patience: Patience;
  private readonly resendBackoff: Backoff;
  private last: JournalRow | null = null;
  private read = 0;
  private readonly reader: WholeReader;
  private reading: WholeReading | null = null;
  private caughtUpAt = Number.POSITIVE_INFINITY;
  private live = false;
  private started = false;
  private stopping = false;
  private silent = false;
  private stoppedAt: number | null = null;
  private end: RecordEnd | null = null;
  private failure: Error | null = null;
  private nextResume = 0;
  private ignored = 0;
  private malformed = 0;

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
    this.intake = new Intake(session.id, new Set(['all']));
    this.outlet = new Outlet(`journal/${deps.boot}`);
    this.voice = new Voice(this.outlet, session.id, deps.time);
    this.clock = new StreamClock(deps.time);
    // The journal before this one may have taken the subjects already: a clock that finds no stream would leave a hole
    // in this boot's numbers, which nothing said later could pass.
    this.silent = session.status === 'cutting';
    this.resendBackoff = new Backoff(deps.options.backoffMs);
    const patience = new Patience({ deps, session: session.id, position: () => this.read, stopping: () => this.stopping });
    this.patience = patience;
    this.fill = new StreamFill(this.stream, patience);
    this.trim = new StreamTrim(this.stream, deps.options.trimSeconds * 1_000, patience);
    const news = new CommitNews(deps.options.committedMs);
    this.batches = new SealedBatches({
      deps,
      session,
      store,
      seal,
      turns: this.intake.turns,
      patience,
      news,
      committed: () => this.afterCommit(),
      superseded: () => this.supersede(),
      over: () => this.end !== null,
      stopping: () => this.stopping,
      broken: () => this.failure !== null,
      broke: (error) => this.fail(error),
    });
    this.recorded = new RecordedStream({ deps, session, batches: this.batches, patience });
    this.words = new JournalWords({
      deps,
      clock: this.clock,
      fill: this.fill,
      batches: this.batches,
      news,
      heartbeat: () => this.heartbeat(),
      say: (type, data, words, options) => this.say(type, data, words, options),
    });
    this.ending = new SessionCut({
      deps,
      session,
      stream: this.stream,
      outlet: this.outlet,
      batches: this.batches,
      patience,
      link: () => this.reading?.link ?? null,
      live: () => this.live,
      started: () => this.started,
      holds: () => this.holds(),
      stoppedAt: () => this.stoppedAt,
      say: (type, data) => this.say(type, data),
      fallSilent: () => {
        this.silent = true;
      },
      over: () => this.end !== null,
      check: () => this.check(),
      until: (condition) => this.until(condition),
    });
    this.reader = {
      stream: this.stream,
      patience,
      take: (message) => this.take(message),
      broke: (error) => this.fail(error),
    };
    this.inquiry = new Inquiry({
      outlets: [this.outlet],
      stream: this.stream,
      askAfterMs: ASK_AFTER_MS,
      now: () => deps.time.monotonicMs(),
      position: () => this.read,
      lost: ({ root, n }) =>
        this.lose(`journal: output ${n} of ${root} was sent and is not in the stream: sending it again on a new connection`),
      failed: (why) => this.lose(why),
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
    const { committedAt } = this.batches;
    return {
      session: this.session.id,
      position: this.read,
      committed: this.batches.committedTo,
      pendingRows: this.batches.waiting,
      live: this.live && this.batches.ready && this.holds(),
      unconfirmed: this.outlet.unconfirmed,
      fill: this.fill.fill,
      trouble: this.patience.trouble,
      ignored: this.ignored,
      malformed: this.malformed,
      links: this.recorded.links,
      lagMs: committedAt === null ? 0 : Math.max(0, (this.deps.time.wallMicros() - committedAt) / 1_000),
    };
  }

  /** Reads and records until stopped, cut, lost or superseded. Everything read is in Postgres when it resolves with `cut` or `lost`. */
  async run(): Promise<{ readonly end: RecordEnd; readonly position: number }> {
    const { batches, patience, recorded } = this;
    batches.begin();
    try {
      while (this.end === null) {
        this.check();
        if (this.stopping) {
          this.end = 'stopped';
          break;
        }
        if (batches.full) {
          await patience.pause(5);
          continue;
        }
        const attached = await recorded.attach(this.read, this.last);
        if (attached === 'again') continue;
        try {
          if (attached === 'lost') {
            // Everything that was read goes to Postgres.
            await this.until(() => batches.empty);
            // Read to its end before it was lost: nothing is missing.
            this.end ??= this.stoppedAt === null ? 'lost' : 'cut';
            break;
          }
          const why = await this.readStream(attached.link, attached.last);
          if (why === 'link') await patience.pause(this.resendBackoff.take());
        } catch (error) {
          await recorded.failed(error as Error);
        }
      }
      this.check();
      return { end: this.end as RecordEnd, position: batches.committedTo };
    } finally {
      batches.end();
      this.live = false;
    }
  }

  /** Stops between two batches: what is read is journaled first. */
  async stop(): Promise<void> {
    const { batches, patience } = this;
    const { time } = this.deps;
    this.stopping = true;
    if (this.live && this.speaks) this.words.leave(this.deps.boot);
    const until = time.monotonicMs() + 5_000;
    while (this.end === null && batches.ready && !batches.empty && time.monotonicMs() < until) await patience.pause(10);
    this.finish('stopped');
  }

  /** Ends the session at a position of its stream. Every step may be repeated by the next journal. */
  async cut(reason: string): Promise<void> {
    if (await this.ending.run(reason)) this.finish('cut');
  }

  /** Of a stream that is lost: how far it was known to go, or null where that is no further than what is journaled. */
  get knownEnd(): number | null {
    const { highest } = this.fill;
    return highest > this.batches.committedTo ? highest : null;
  }

  /** Resolves once this boot is the one that is listened to. */
  async untilLive(): Promise<void> {
    await this.until(() => this.live && this.started);
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  private async readStream(link: AdminLink, last: number): Promise<ReadEnd> {
    const reading = new WholeReading(this.reader, link);
    this.reading = reading;
    // Over since this connection was asked for: nothing more would come that ends it.
    if (this.end !== null || this.failure !== null) reading.end('link');
    this.outlet.unsend();
    this.inquiry.on(link);
    this.caughtUpAt = last;
    this.fill.begin(last);
    let cancelTick: Cancel = () => {};
    try {
      await reading.open(this.read + 1);
      if (this.read >= this.caughtUpAt) this.goLive();
      cancelTick = tickEvery(
        this.deps.time,
        TICK_MS,
        () => this.tick(),
        (error) => this.fail(error),
      );
    } catch (error) {
      this.lose((error as Error).message);
    }
    const why = await reading.done;
    cancelTick();
    this.live = false;
    this.reading = null;
    this.inquiry.on(null);
    reading.close();
    this.check();
    return why;
  }

  private take(message: StreamMessage): void {
    const { deps, intake, batches } = this;
    // Late words may still follow the end; they are nobody's.
    if (this.stoppedAt !== null) return;
    if (message.position !== this.read + 1)
      throw new Error(
        `journal: the stream ${this.stream} goes on at ${message.position}, but ${this.read + 1} is not journaled yet: it was removed by somebody else. Run: npx arb doctor`,
      );
    const judgement = intake.judge(message);
    const row = rowOf(message, judgement, intake);
    if (row.position === 1 && !(row.taken && row.type === 'session.started')) {
      // Its beginning was lost before it was journaled: there is nothing to go on from but the parent.
      this.patience.notice(`position 1 of ${this.stream} is not session.started`);
      this.finish('lost');
      return;
    }
    this.read = row.position;
    this.last = row;
    batches.add(row);
    if (judgement === 'malformed') this.malformed++;
    else if (judgement !== 'taken') this.ignored++;
    const header = intake.header;
    if (header !== null && header.source === this.outlet.source) {
      if (intake.counted) {
        this.outlet.confirm(header.n, row.position, row.subject, row.bytes, deps.time.monotonicMs());
        this.resendBackoff.reset();
        if (header.kind.type === 'clock') this.clock.compare(header.at, message.storedAt);
      } else if (judgement === 'out-of-turn' && header.n > this.outlet.taken(header.kind.root) && this.live) this.reading?.end('link');
    }
    if (judgement === 'malformed' && this.speaks) this.words.malformed(row, intake.fault as string);
    if (judgement === 'taken') {
      const type = header?.kind.type;
      // A commit is told for every batch that holds more than the journal's own small talk.
      if (type !== 'journal.committed' && type !== 'clock' && type !== 'service.heartbeat') batches.worthTelling = true;
      if (type === 'order') batches.urgent = true;
      if (type === 'clock') this.clock.goOnAbove(intake.turns.clock);
      if (type === 'session.stopped') this.stoppedAt = row.position;
      if (type === 'session.started' || type === 'session.resumed') this.started = this.holds();
    } else if (judgement !== 'out-of-turn') batches.worthTelling = true;
    const holder = intake.turns.holderOf('journal');
    if (this.started && holder !== null && holder.boot !== deps.boot) this.supersede();
    batches.schedule();
    if (!this.live && this.read >= this.caughtUpAt) this.goLive();
    if (this.live) this.afterMessage();
    if (batches.full) this.reading?.end('full');
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

  // ---- speaking -----------------------------------------------------------------------------------------------------

  private say<K extends EventType>(type: K, data: DataOf<K>, words: readonly string[] = [], options?: SayOptions): void {
    this.voice.say(type, words, data, options);
    this.send();
  }

  private send(): void {
    if (this.reading !== null && this.live) this.outlet.send(this.reading.link, this.deps.time.monotonicMs(), 0);
  }

  private tick(): void {
    const { deps } = this;
    const now = deps.time.monotonicMs();
    if (!this.live) return;
    // A late word of a journal that is no more may have taken the term that was asked for.
    if (!this.started && this.batches.ready && this.stoppedAt === null && this.outlet.unconfirmed === 0 && now >= this.nextResume)
      this.resume();
    if (this.speaks && this.outlet.unconfirmed < MAX_UNCONFIRMED) this.words.tick(now);
    this.send();
    this.inquiry.tick();
    if (this.reading === null) return;
    const { link } = this.reading;
    this.fill.tick(link, now);
    if (this.batches.seal !== null && !this.ending.underWay) this.trim.tick(link, now, this.batches.committedTo);
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

  /** A batch is in Postgres. */
  private afterCommit(): void {
    if (!this.live || !this.speaks) return;
    try {
      this.words.committed(this.deps.time.monotonicMs());
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** This boot is listened to, and the session is not being cut. */
  private get speaks(): boolean {
    return this.started && !this.silent;
  }

  // ---- small things -------------------------------------------------------------------------------------------------

  get presentStore(): JournalStore {
    return this.batches.store;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.check();
      if (this.end !== null) return;
      await this.patience.pause(5);
    }
  }

  /** It is over, unless it is already. */
  private finish(end: RecordEnd): void {
    this.end ??= end;
    this.reading?.end('link');
  }

  /** Another journal writes this session: that counts more than any other end. */
  private supersede(): void {
    this.end = 'superseded';
    this.reading?.end('link');
  }

  /** The connection is no good any more. */
  private lose(why: string): void {
    this.patience.notice(why);
    this.reading?.end('link');
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.reading?.end('link');
  }

  private check(): void {
    if (this.failure !== null) throw this.failure;
  }
}
