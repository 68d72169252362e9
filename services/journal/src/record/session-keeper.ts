import {
  CATALOG,
  CORE_SERVICES,
  type DataOf,
  encodeOutput,
  type Header,
  parseEvent,
  SESSION_SUBJECTS,
  STREAM_SUBJECTS,
  scan,
  streamOf,
} from '@arb/shared/contracts';
import { type AdminLink, Backoff, isRefusal, type JournalStore, openSnapshot, type SessionRow } from '@arb/shared/runtime';
import type { RecordDeps, Wanted } from './deps.ts';
import { Recorder } from './recorder.ts';

type Started = DataOf<'session.started'>;

/** How long the end snapshots of the cores are waited for before it is said who is missing. */
const SAY_MISSING_AFTER_MS = 2_000;
const POLL_MS = 50;

/**
 * The life of sessions: which one runs, when it is cut, what comes after it. Every step leaves a mark from which the
 * next start goes on, so a crash between any two of them costs nothing.
 */
export class SessionKeeper {
  private readonly deps: RecordDeps;
  private wanted: Wanted;
  private store: JournalStore;
  private recorder: Recorder | null = null;
  private stopping = false;
  private waiting: string | null = 'starting';
  private standsBy = false;
  /** The session that a clean start is to leave behind; undefined: whichever runs. A standby must not leave the next one too. */
  private unclean: string | null | undefined;

  constructor(deps: RecordDeps, wanted: Wanted) {
    this.deps = deps;
    this.wanted = wanted;
    this.store = deps.openStore();
  }

  status() {
    return { waitsFor: this.waiting, standsBy: this.standsBy, recorder: this.recorder?.status() ?? null };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.recorder?.stop();
  }

  /** Hands over to a new session that runs `wanted`: same state, other configuration or code. */
  handOver(wanted: Wanted): void {
    this.wanted = wanted;
    this.unclean = this.recorder?.status().session;
    // A cut fails only together with the recording itself, whose end is awaited in `record`.
    this.recorder?.cut('handover').catch((error: Error) => this.deps.log('debug', `the cut ended: ${error.message}`));
  }

  /** Runs until stopped. Rejects when an invariant broke. */
  async run(): Promise<void> {
    await this.becomeWriter();
    while (!this.stopping) {
      const row = await this.store.currentSession();
      const end = await this.goOn(row);
      if (end === 'stopped') return;
      if (end === 'superseded') throw new Error('journal: another journal process has taken over this session. This one stops.');
    }
  }

  private async becomeWriter(): Promise<void> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    while (!this.stopping) {
      try {
        if (this.wanted.clean && this.unclean === undefined) this.unclean = (await this.store.currentSession())?.id ?? null;
        if (await this.store.lock()) {
          this.standsBy = false;
          this.waiting = null;
          return;
        }
        this.standsBy = true;
        this.wait('another journal is the writer: standing by');
        await this.pause(250);
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.standsBy = false;
        this.wait(`Postgres: ${(error as Error).message}`);
        await this.pause(backoff.take());
        void this.store.close().catch((failed: Error) => this.deps.log('debug', failed.message));
        this.store = this.deps.openStore();
      }
    }
  }

  /** One step of the life of sessions; the next is decided from what is then in the journal. */
  private async goOn(row: SessionRow | null): Promise<'again' | 'stopped' | 'superseded'> {
    if (row === null) {
      await this.create(null);
      return 'again';
    }
    if (row.status === 'starting') {
      await this.finishStarting(row);
      return 'again';
    }
    if (row.status === 'live' || row.status === 'cutting') return this.record(row);
    // Ended or lost: the next session begins.
    if (this.cleans(row)) {
      this.wanted = { ...this.wanted, clean: false };
      await this.closeStream(row);
      await this.create(null);
      return 'again';
    }
    if (row.end === 0) {
      // It never got as far as its own first event: its parent is what the next one goes on from.
      const parent = row.parent === null ? null : await this.store.session(row.parent);
      await this.closeStream(row);
      await this.create(parent);
      return 'again';
    }
    // Whoever still finds a lost stream sound learns that it is over, and goes by the journal.
    if (row.status === 'lost') await this.closeStream(row);
    await this.awaitEndSnapshots(row);
    if (this.stopping) return 'stopped';
    await this.closeStream(row);
    await this.create(row);
    return 'again';
  }

  private cleans(row: SessionRow): boolean {
    return this.wanted.clean && (this.unclean === undefined || this.unclean === row.id);
  }

  /** Records a live session until it ends for this process, or for good. */
  private async record(row: SessionRow): Promise<'again' | 'stopped' | 'superseded'> {
    const seal = await this.store.lastSeal(row.id);
    if (seal !== null && (await this.isStopped(row, seal.to))) {
      // The journal before this one came as far as the end and did not live to say so.
      await this.store.updateSession(row.id, { status: 'ended', end: seal.to });
      return 'again';
    }
    // What a session says follows from its configuration and the versions of its cores; any other code may go on with it.
    const same = row.configHash === this.wanted.configHash && sameVersions(row.versions, this.wanted.versions);
    const mine = same && row.id !== this.wanted.after;
    const recorder = new Recorder(this.deps, row, this.store, seal, seal === null ? this.startedHere : null);
    this.startedHere = null;
    this.recorder = recorder;
    const running = recorder.run();
    let cutting: Promise<void> = Promise.resolve();
    if (row.status === 'cutting' || this.cleans(row) || !mine)
      cutting = recorder.cut(
        row.status === 'cutting'
          ? 'the cut goes on'
          : this.cleans(row)
            ? 'a clean start was asked for'
            : same
              ? 'a handover was asked for'
              : 'the version of a core or the configuration has changed',
      );
    // A cut fails only together with the recording itself, which is awaited here.
    cutting.catch((error: Error) => this.deps.log('debug', `the cut ended: ${error.message}`));
    const { end, position } = await running;
    this.recorder = null;
    this.store = recorder.presentStore;
    if (end === 'stopped' || end === 'superseded') return end;
    if (end === 'cut') {
      await this.store.updateSession(row.id, { status: 'ended', end: position });
      this.deps.probe('cut-ended');
      this.deps.log('info', 'the session has ended', { session: row.id, position });
      return 'again';
    }
    await this.store.updateSession(row.id, {
      status: position === 0 ? 'ended' : 'lost',
      end: position,
      lostFrom: position + 1,
      lostTo: recorder.knownEnd,
    });
    this.deps.probe('lost-marked');
    this.deps.log('error', 'the stream is lost: what it held above the journaled end is gone', {
      session: row.id,
      journaledTo: position,
      lostFrom: position + 1,
      lostTo: recorder.knownEnd,
    });
    return 'again';
  }

  private async isStopped(row: SessionRow, position: number): Promise<boolean> {
    const [last] = await this.store.events(row.id, position, 1);
    const scanned = last?.taken === true ? scan(last.subject, last.bytes) : '';
    return typeof scanned !== 'string' && scanned.kind.type === 'session.stopped';
  }

  private startedHere: { readonly bytes: Buffer; readonly subject: string } | null = null;

  // ---- starting -----------------------------------------------------------------------------------------------------

  private async create(parent: SessionRow | null): Promise<void> {
    await this.store.createSession({
      id: this.wanted.newSessionId(),
      parent: parent?.id ?? null,
      parentPosition: parent?.end ?? null,
      configHash: this.wanted.configHash,
      config: JSON.stringify(this.wanted.config),
      versions: this.wanted.versions,
      startedAt: this.deps.time.wallMicros(),
    });
    this.deps.probe('session-created');
  }

  /** The row is there; stream, first event and subjects follow, each only if it is not there yet. */
  private async finishStarting(row: SessionRow): Promise<void> {
    // A handover may change what is wanted at any moment; this session begins with what its row names.
    const { wanted } = this;
    if (row.configHash !== wanted.configHash || !sameVersions(row.versions, wanted.versions)) {
      // Begun by another version or configuration and never run: given up, as if it had not been.
      await this.store.updateSession(row.id, { status: 'ended', end: 0 });
      return;
    }
    const started = await this.startedData(row, wanted);
    await this.withLink(async (link) => {
      const stream = streamOf(row.id);
      await this.closeOthers(link, stream);
      let info = await link.streamInfo(stream);
      if (info !== null && info.lastPosition > 0 && !(await this.beginsWithStarted(link, stream))) {
        // A late word of an earlier journal came in first: nothing has begun yet, so it begins anew.
        await link.admin.remove(stream);
        info = null;
      }
      if (info === null) {
        info = await link.admin.create(stream, SESSION_SUBJECTS, this.deps.options.streamMaxBytes);
        this.deps.probe('stream-created');
      }
      if (info.lastPosition === 0) {
        const header: Header = {
          n: 1,
          source: `journal/${this.deps.boot}`,
          session: row.id,
          type: 'session.started',
          v: CATALOG['session.started'].v,
          at: this.deps.time.wallMicros(),
          cause: null,
        };
        const bytes = encodeOutput('session.started', header, started);
        if (typeof bytes === 'string') throw new Error(`journal: session.started would be malformed: ${bytes}`);
        const position = await link.admin.publish(stream, 'session.started', bytes);
        this.deps.probe('started-published');
        if (position !== 1) throw new Error(`journal: session.started got position ${position} in ${stream}, expected 1`);
        this.startedHere = { bytes, subject: 'session.started' };
      }
      await link.admin.setSubjects(stream, STREAM_SUBJECTS);
      this.deps.probe('subjects-opened');
      await this.store.updateSession(row.id, { status: 'live', streamCreated: info.created });
      this.deps.probe('session-live');
      this.deps.log('info', 'the session is live', { session: row.id, parent: row.parent });
    });
  }

  private async beginsWithStarted(link: AdminLink, stream: string): Promise<boolean> {
    const first = await link.message(stream, 1);
    const scanned = first === null ? '' : scan(first.subject, first.bytes);
    return typeof scanned !== 'string' && scanned.kind.type === 'session.started' && streamOf(scanned.session) === stream;
  }

  private async startedData(row: SessionRow, wanted: Wanted): Promise<Started> {
    const parent = row.parent === null ? null : await this.store.session(row.parent);
    const snapshots: Record<string, string> = {};
    let seed = wanted.seed;
    if (parent !== null && parent.end !== null) {
      for (const service of CORE_SERVICES) {
        const [last] = await this.store.snapshots(parent.id, service, parent.end, 1);
        if (last === undefined || last.position !== parent.end)
          throw new Error(`journal: no snapshot of ${service} at the end of ${parent.id}`);
        snapshots[service] = last.sha256;
      }
      seed = await this.seedOf(parent);
    }
    return {
      config: wanted.config,
      configHash: row.configHash,
      seed,
      versions: row.versions,
      boot: this.deps.boot,
      mode: parent?.status === 'lost' ? 'REDUCE_ONLY' : 'ACTIVE',
      parent:
        parent === null || parent.end === null
          ? null
          : {
              session: parent.id,
              position: parent.end,
              reason: parent.status === 'lost' ? 'lost' : 'handover',
              ...(parent.status === 'lost' ? { lost: { from: parent.end + 1, to: parent.lostTo } } : {}),
            },
      snapshots,
    };
  }

  /** A child draws from the seed of its parent, or its open round trips would draw other numbers than they had begun with. */
  private async seedOf(parent: SessionRow): Promise<string> {
    const [first] = await this.store.events(parent.id, 1, 1);
    if (first === undefined) throw new Error(`journal: position 1 of ${parent.id} is not in the journal`);
    const scanned = scan(first.subject, first.bytes);
    const event = typeof scanned === 'string' ? scanned : parseEvent(first.subject, first.bytes, scanned, 1);
    if (typeof event === 'string' || event.type !== 'session.started')
      throw new Error(`journal: position 1 of ${parent.id} is not session.started`);
    return event.data.seed;
  }

  private async awaitEndSnapshots(row: SessionRow): Promise<void> {
    const since = this.deps.time.monotonicMs();
    for (;;) {
      const missing: string[] = [];
      for (const service of CORE_SERVICES) {
        const [last] = await this.store.snapshots(row.id, service, row.end as number, 1);
        if (last?.position !== row.end || openSnapshot(last) === null) missing.push(service);
      }
      if (missing.length === 0 || this.stopping) break;
      if (this.deps.time.monotonicMs() - since > SAY_MISSING_AFTER_MS)
        this.wait(`${row.id} has ended at ${row.end}; waiting for the last state of ${missing.join(', ')}`);
      await this.pause(POLL_MS);
    }
    this.waiting = null;
  }

  // ---- streams of sessions that are over ------------------------------------------------------------------------------

  private async closeStream(row: SessionRow): Promise<void> {
    await this.withLink(async (link) => {
      const stream = streamOf(row.id);
      if ((await link.streamInfo(stream)) === null) return;
      await link.admin.setSubjects(stream, [`closed.${row.id}`]);
      this.deps.probe('stream-closed');
      // All of it that counts is in the journal.
      await link.admin.remove(stream);
      this.deps.probe('stream-removed');
    });
  }

  /** A subject belongs to one stream only: any other session's stream must let go of them first. */
  private async closeOthers(link: AdminLink, stream: string): Promise<void> {
    for (const name of await link.admin.list()) {
      if (name === stream || !name.startsWith(streamOf(''))) continue;
      const id = name.slice(streamOf('').length);
      await link.admin.setSubjects(name, [`closed.${id}`]);
      const row = await this.store.session(id);
      if (row !== null && row.end !== null) await link.admin.remove(name);
      else this.deps.log('warn', 'a stream of an unknown session was closed and left', { stream: name });
    }
  }

  // ---- small things ---------------------------------------------------------------------------------------------------

  private async withLink(call: (link: AdminLink) => Promise<void>): Promise<void> {
    const backoff = new Backoff(this.deps.options.backoffMs);
    let link: AdminLink | null = null;
    while (link === null) {
      if (this.stopping) return;
      try {
        link = await this.deps.bus.connect();
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.wait((error as Error).message);
        await this.pause(backoff.take());
      }
    }
    this.waiting = null;
    try {
      await call(link);
    } finally {
      void link.close();
    }
  }

  private wait(why: string): void {
    if (why !== this.waiting) this.deps.log('info', why);
    this.waiting = why;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.deps.time.after(ms, resolve);
    });
  }
}

function sameVersions(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}
