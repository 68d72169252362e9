import { type DataOf, type EventType, echoRootsOf, rootsOf, streamOf } from '../contracts/index.ts';
import { CoreInputs } from './core-inputs.ts';
import { CoreRunner } from './core-runner.ts';
import { publishFarBehind } from './far-behind.ts';
import { Inquiry } from './inquiry.ts';
import { Intake } from './intake.ts';
import { JournalReading } from './journal-reading.ts';
import { leave } from './leave.ts';
import { Backoff } from './options.ts';
import { OwnOutputs } from './own-outputs.ts';
import { Patience } from './patience.ts';
import type { Cancel, SessionRow, StoredSnapshot, StreamMessage } from './ports.ts';
import { ReadingPlace } from './reading-place.ts';
import type { RunDeps, RunEnd, RunStatus } from './run-deps.ts';
import type { SayOptions } from './shell.ts';
import { ShellSide } from './shell-side.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { checkStarted, firstEvent, type StartedEvent, startingPoint } from './starting-point.ts';
import { StateCopy } from './state-copy.ts';
import { type Attached, StreamAccess } from './stream-access.ts';
import { type ReadEnd, type StreamReader, StreamReading } from './stream-reading.ts';
import { StreamTrust } from './stream-trust.ts';
import { tickEvery } from './ticking.ts';
import { Voice } from './voice.ts';

/** Where more of its shell's words are open, a heartbeat waits. */
const HEARTBEAT_BELOW = 100;

/**
 * One service taking part in one session, from its start (or the newest snapshot) to the session's end or this
 * process's. Start-up and recovery are the same path: snapshot, journal, stream. Every message, from wherever it is read,
 * goes through `take`.
 */
export class SessionRun {
  private readonly deps: RunDeps;
  private readonly session: SessionRow;
  private readonly place: ReadingPlace;
  private readonly trust: StreamTrust;
  private readonly intake: Intake;
  /** Null in a service that has none. */
  private readonly core: CoreInputs | null;
  private readonly shell: ShellSide;
  private readonly voice: Voice;
  private readonly outputs: OwnOutputs;
  private readonly inquiry: Inquiry;
  private readonly snapshots: SnapshotKeeper;
  private readonly copy: StateCopy | null;
  private readonly patience: Patience;
  private readonly journal: JournalReading;
  private readonly access: StreamAccess;
  private readonly reader: StreamReader;
  /** Of the stream, while a connection is there. */
  private reading: StreamReading | null = null;
  /** All that was there has been read: what is derived is published. */
  private live = false;
  private everLive = false;
  /** The session's last event has been read. */
  private ended = false;
  /** It is to stop, and waits for a copy of its state. */
  private leaving = false;
  private stopping = false;
  private failure: Error | null = null;
  private nextHeartbeat = 0;
  private lagMs = 0;
  private configuration: unknown = null;
  /** Of the parent's snapshot that it goes on from; the session's first event names the same. */
  private startingSha: string | null = null;
  private taken = 0;
  private ignored = 0;
  private malformed = 0;
  private resends = 0;

  constructor(deps: RunDeps, row: SessionRow) {
    const { service, journal, time, options } = deps;
    const session = row.id;
    const stream = streamOf(session);
    // In these roots it is a full reader, of the others it knows nothing; in the echoes it only hears itself.
    const roots = rootsOf(service);
    const echoes = echoRootsOf(service);
    const stopping = () => this.stopping;
    const take = (message: StreamMessage) => this.take(message);
    const place = new ReadingPlace(echoes);
    const trust = new StreamTrust(time, options.trustStreamMs);
    const patience = new Patience({ deps, session, position: () => place.position, stopping });
    const access = new StreamAccess({ deps, session: row, place, patience });
    const outputs = new OwnOutputs(deps);
    const runner = deps.makeCore === null ? null : new CoreRunner(service, deps.makeCore(), session);
    // Of a session that is over nothing is published any more: what is open at its end is carried into the child.
    const window = row.end === null ? options.window : Number.POSITIVE_INFINITY;
    const core =
      runner === null || outputs.core === null
        ? null
        : new CoreInputs({ deps, runner, outlet: outputs.core, place, window, answered: () => this.answered() });
    const shell = deps.makeShell === null ? null : deps.makeShell();
    const wanted = new Set(['session.started', 'session.stopped', ...(runner?.wanted ?? []), ...(shell?.hears ?? [])]);
    const intake = new Intake(session, wanted, roots);
    const { turns } = intake;
    this.deps = deps;
    this.session = row;
    this.place = place;
    this.trust = trust;
    this.intake = intake;
    this.core = core;
    this.outputs = outputs;
    this.patience = patience;
    this.access = access;
    this.voice = new Voice(outputs.shell, session, time);
    this.shell = new ShellSide({
      deps,
      session,
      turns,
      source: outputs.shell.source,
      shell,
      core: runner?.core ?? null,
      say: (type, words, data, how, important) => this.say(type, words, data, how, important),
      room: () => (this.live && !this.stopping ? Math.max(0, options.window - outputs.shell.unconfirmed) : 0),
    });
    this.copy =
      core === null
        ? null
        : new StateCopy({ session, service, core, turns, place, roots, echoes, keep: (snapshot) => this.snapshots.keep(snapshot) });
    this.snapshots = new SnapshotKeeper({
      journal,
      everyMs: options.snapshotEveryMs,
      everyPositions: options.snapshotEveryPositions,
      apartMs: options.snapshotApartMs,
      now: () => time.monotonicMs(),
      position: () => place.position,
      probe: deps.probe,
      copy: () => this.copy?.begin() ?? 'later',
      failed: (why) => patience.notice(why),
      mended: (why) => patience.over(why),
    });
    this.inquiry = new Inquiry({
      outlets: outputs.all,
      stream,
      askAfterMs: options.askAfterMs,
      now: () => time.monotonicMs(),
      // Whoever takes for lost what only comes late says it twice, which is harmless.
      position: () => place.soughtUpTo,
      lost: ({ source, root, n }) => {
        this.resends++;
        this.lose(`${source}: output ${n} of ${root} was sent and is not in the stream: sending it again on a new connection`);
      },
      failed: (why) => this.lose(why),
    });
    this.journal = new JournalReading({
      deps,
      session: row,
      place,
      trust,
      patience,
      core,
      ended: () => this.ended,
      stopping,
      take,
      publishFarBehind: async () =>
        core === null ? 'done' : publishFarBehind({ deps, session, stream, core, place, roots, echoes, access, patience, stopping }),
    });
    this.reader = {
      deps,
      stream,
      echoes,
      place,
      trust,
      patience,
      take,
      countEchoes: () => this.countEchoes(),
      afterInput: (message) => this.afterInput(message),
      afterEchoes: () => this.afterEchoes(),
      broke: (error) => {
        this.failure = error;
      },
    };
  }

  get boot(): string {
    return this.deps.boot;
  }

  status(): RunStatus {
    return {
      session: this.session.id,
      position: this.place.position,
      live: this.live,
      lagPositions: this.place.pending + (this.core?.waiting ?? 0),
      lagMs: this.lagMs,
      unconfirmed: this.outputs.unconfirmed,
      queued: this.core?.waiting ?? 0,
      snapshot: this.snapshots.kept,
      trouble: this.patience.trouble,
      holdsLease: this.shell.holdsLease,
      taken: this.taken,
      ignored: this.ignored,
      malformed: this.malformed,
      published: this.outputs.published,
      resends: this.resends,
      links: this.access.links,
    };
  }

  /** State of the core after the position read, as its snapshot would be: for checkers. */
  coreState(): { readonly position: number; readonly state: unknown } | null {
    const { core } = this;
    return core === null || core.waiting > 0 ? null : { position: this.place.position, state: core.runner.save() };
  }

  async run(): Promise<RunEnd> {
    try {
      await this.restore();
      if (this.session.end !== null) return await this.runToEnd(this.session.end);
      return await this.runLive();
    } finally {
      this.live = false;
      this.shell.end();
    }
  }

  /** Handles no further input, waits a moment for what is unconfirmed, keeps a snapshot, ends. */
  stop(): void {
    if (this.leaving) return;
    this.leaving = true;
    this.say('service.stopping', [this.deps.service], { boot: this.deps.boot }, undefined, true);
    this.shell.leave();
    leave({
      time: this.deps.time,
      outputs: this.outputs,
      snapshots: this.snapshots,
      hasState: this.core !== null,
      live: () => this.live,
      close: () => {
        this.stopping = true;
        this.core?.close();
      },
      end: () => this.reading?.end('stopped'),
    });
  }

  // ---- from the start to the end ------------------------------------------------------------------------------------

  private async restore(): Promise<void> {
    const { deps, session, core, place, patience } = this;
    const { turns } = this.intake;
    const stateAtEnd = (parent: SessionRow) => new SessionRun({ ...deps, makeShell: null }, parent).stateAtEnd();
    const options = { deps, session, patience, stateAtEnd };
    const start = await startingPoint(options, core?.runner.core.version ?? null);
    if (start === 'anew') return;
    if ('parent' in start) {
      this.startingSha = start.sha256;
      core?.runner.loadParent(start.snapshot.runner, start.parent, start.snapshot.open);
      deps.log('info', 'goes on from the parent session', { parent: start.parent, position: start.end });
      return;
    }
    turns.load(start.turns);
    place.standAt(start.position);
    if (core !== null && start.snapshot !== null) {
      core.runner.load(start.snapshot.runner);
      core.outlet.load(turns.lastByRoot(deps.service), start.snapshot.open, deps.time.monotonicMs());
      this.snapshots.restoredFrom(start.position);
      deps.log('info', 'restored from a snapshot', { position: start.position });
    }
    this.onStarted(await firstEvent(options));
    if (core !== null) deps.probe('restored');
  }

  /** The session is over: read what is journaled of it, keep the state at its end for the child. Publishes nothing. */
  private async runToEnd(end: number): Promise<RunEnd> {
    if (this.core === null) return 'ended';
    const read = await this.journal.readTo(end);
    if (read === 'ended') await this.saveEnd();
    return read;
  }

  private async runLive(): Promise<RunEnd> {
    const { journal, place, patience, access } = this;
    const backoff = new Backoff(this.deps.options.backoffMs);
    for (;;) {
      if (this.stopping) return 'stopped';
      await journal.readToHead();
      if (this.ended) break;
      if (this.stopping) return 'stopped';
      if (journal.discarded) return 'discard';
      const attached = await access.attach();
      if (attached === 'discard') return 'discard';
      if (attached === 'again') {
        await patience.pause(backoff.take());
        continue;
      }
      if (this.stopping) {
        void attached.link.close();
        return 'stopped';
      }
      if (attached.first > place.readUpTo + 1) {
        // What it no longer has is in the journal by now.
        void attached.link.close();
        await patience.pause(backoff.take());
        continue;
      }
      backoff.reset();
      const end = await this.readStream(attached);
      if (this.failure !== null) throw this.failure;
      if (end === 'stopped') return 'stopped';
      if (end === 'ended') break;
      if (end === 'link') await patience.pause(this.outputs.resendBackoff.take());
    }
    if (this.core === null) return 'ended';
    if (!(await journal.endIsJournaled())) return 'discard';
    return this.runToEnd(place.position);
  }

  private async readStream({ link, last }: Attached): Promise<ReadEnd> {
    const { deps, inquiry } = this;
    const { replica, patienceMs, tickMs } = deps.options;
    const everyMs = replica > 0 ? Math.min(tickMs, patienceMs / 2) : tickMs;
    const reading = new StreamReading(this.reader, link, last);
    this.reading = reading;
    this.outputs.unsend();
    inquiry.on(link);
    let cancelTick: Cancel = () => {};
    try {
      await reading.open();
      this.goLiveIfLevel();
      cancelTick = tickEvery(
        deps.time,
        everyMs,
        () => this.tick(),
        (error) => reading.break(error),
      );
    } catch (error) {
      this.lose((error as Error).message);
    }
    const end = await reading.done;
    this.live = false;
    cancelTick();
    this.reading = null;
    inquiry.on(null);
    this.copy?.forsake();
    this.snapshots.forsake();
    reading.close();
    return end;
  }

  /** The connection is no good any more. */
  private lose(why: string): void {
    this.patience.notice(why);
    this.reading?.end('link');
  }

  /** State at the session's end, for the child; written once the journal says that this is the end. */
  private async saveEnd(): Promise<void> {
    this.live = false;
    this.core?.drainAtEnd();
    const last = this.copy?.whole() ?? null;
    if (last === null) throw new Error(`${this.deps.service}: inputs still wait at the end of ${this.session.id}`);
    this.deps.probe('snapshot-copied');
    await this.patience.retry('save the last snapshot', () => this.snapshots.saveNow(last));
  }

  /** The same, not kept but handed over; null where the journal cannot be read that far. */
  private async stateAtEnd(): Promise<StoredSnapshot | null> {
    await this.restore();
    if ((await this.journal.readTo(this.session.end as number)) !== 'ended') return null;
    this.core?.drainAtEnd();
    return this.copy?.whole() ?? null;
  }

  // ---- one message --------------------------------------------------------------------------------------------------

  /** One message, from the journal or the stream. */
  private take(message: StreamMessage): void {
    const { intake, place, outputs } = this;
    if (place.isEcho(message)) {
      this.copy?.end(message.position - 1);
      place.echoed = Math.max(place.echoed, message.position);
    } else place.position = message.position;
    const judgement = intake.judge(message);
    place.remember(message);
    const { header, event } = intake;
    if (judgement === 'taken') this.taken++;
    else if (judgement === 'malformed') this.malformed++;
    else if (judgement !== 'unread') this.ignored++;
    if (header !== null && outputs.isOwn(header.source)) {
      const hole = outputs.readBack(header, intake.counted, judgement, message);
      // Something of ours was lost on the way. Send it again, on a connection of its own.
      if (hole && this.live && this.deps.options.replica === 0) {
        this.resends++;
        this.reading?.end('link');
      }
    }
    if (judgement !== 'taken' || event === null) return;
    if (event.type === 'session.started') this.onStarted(event);
    this.shell.hear(event, this.live);
    this.core?.take(event);
    if (event.type === 'session.stopped') {
      this.ended = true;
      this.reading?.end('ended');
    }
  }

  private onStarted(event: StartedEvent): void {
    this.configuration = event.data.config;
    const trimSeconds = (event.data.config as { readonly journal?: { readonly trimSeconds?: unknown } } | null)?.journal?.trimSeconds;
    if (typeof trimSeconds === 'number') this.trust.trustAtMost((trimSeconds * 1_000) / 3);
    if (this.core !== null) checkStarted(event, this.deps.service, this.session, this.core.runner.core.version, this.startingSha);
  }

  /** The core has answered an input. */
  private answered(): void {
    if (!this.live) return;
    this.send();
    this.deps.probe('after-publish');
  }

  /**
   * A core has as many echoes as it has said outputs: where the last of each root has been read, there is none left up to where
   * the core stands. That no more come says nothing, since the two readings of a stream with copies may be on two servers.
   */
  private countEchoes(): void {
    const { core, place, intake, deps } = this;
    if (core === null || place.echoes.size === 0 || core.outlet.unconfirmed > 0 || core.waiting > 0) return;
    for (const root of place.echoes) if (intake.turns.lastOf(deps.service, root) < core.outlet.derived(root)) return;
    place.echoed = Math.max(place.echoed, place.position);
    this.trust.echoesLevel();
  }

  private afterInput(message: StreamMessage): void {
    this.countEchoes();
    this.goLiveIfLevel();
    if (!this.live) return;
    this.lagMs = Math.max(0, (this.deps.time.wallMicros() - message.storedAt) / 1_000);
    this.send();
    this.inquiry.read();
    if (this.core !== null) this.snapshots.retry();
  }

  private afterEchoes(): void {
    this.countEchoes();
    this.goLiveIfLevel();
    if (!this.live) return;
    this.copy?.end(this.place.echoed);
    this.send();
    this.inquiry.read();
  }

  private goLiveIfLevel(): void {
    const { deps, reading } = this;
    if (this.live || this.stopping || reading === null || !reading.level) return;
    this.live = true;
    if (!this.everLive) {
      this.everLive = true;
      const { boot, options, pid } = deps;
      const version = this.core?.runner.core.version ?? '1';
      this.say('service.started', [deps.service], { boot, version, replica: options.replica, pid });
      this.snapshots.begin();
      this.shell.begin(this.configuration);
    }
    this.send();
  }

  // ---- what it says -------------------------------------------------------------------------------------------------

  private send(): void {
    if (this.reading !== null && this.live) this.outputs.send(this.reading.link, this.lagMs);
  }

  private say<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, options?: SayOptions, important = false): boolean {
    if (!this.live || (this.stopping && !important)) return false;
    if (this.outputs.shell.unconfirmed >= this.deps.options.window && !important) return false;
    this.voice.say(type, words, data, options);
    this.send();
    return true;
  }

  /** Several times a second while a connection is there. */
  private tick(): void {
    const { deps } = this;
    const now = deps.time.monotonicMs();
    if (!this.live) return;
    this.shell.tick();
    // After its last word a heartbeat would say that it is back.
    if (!this.leaving && now >= this.nextHeartbeat && this.outputs.shell.unconfirmed < HEARTBEAT_BELOW) {
      this.nextHeartbeat = now + deps.options.heartbeatMs;
      const { position, lagPositions, lagMs, live: ready, snapshot, trouble } = this.status();
      const unconfirmed = this.core?.outlet.unconfirmed ?? 0;
      const rssMb = Math.round(deps.rssMb());
      const { boot, service } = deps;
      this.say('service.heartbeat', [service], { boot, position, lagPositions, lagMs, unconfirmed, ready, snapshot, rssMb, trouble });
    }
    this.send();
    this.inquiry.tick();
    if (this.core !== null) this.snapshots.tick(this.shell.committed);
  }
}
