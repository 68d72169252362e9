import { echoRootsOf, rootsOf, type ServiceName } from '../../contracts/index.ts';
import type { AdminLink, Level, OnMessage, Reading, StreamAdmin, StreamInfo, StreamMessage } from '../../runtime/ports.ts';
import type { Process, Settling } from '../process.ts';
import type { World } from '../world.ts';
import { Pipe } from './pipe.ts';
import { type Polled, SimReader } from './reader.ts';
import type { BusServer, PublishFaults } from './server.ts';

export interface Cut {
  /** The client learns of it so much later; random up to 2 s where it is not said. */
  readonly learntAfterMs?: number;
  /** What was underway and is not lost arrives spread over so long a time: ghosts of a link that is no more. */
  readonly ghostMs?: number;
  readonly why?: string;
}

export interface HalfOpen {
  /** `in`: nothing arrives at the client; `out`: nothing leaves it. */
  readonly direction: 'in' | 'out' | 'both';
  readonly learntAfterMs?: number;
}

/** What a service is given at once; the journal, who is null, all. */
function wantsOf(service: ServiceName | null): (root: string) => boolean {
  if (service === null) return () => true;
  const roots = rootsOf(service);
  const echoes = echoRootsOf(service);
  return (root) => roots.has(root) && !echoes.has(root);
}

/** One connection of one process. */
export class SimLink implements AdminLink {
  readonly id: number;
  readonly closed: Promise<string>;
  readonly admin: StreamAdmin;
  readonly readers = new Set<SimReader>();
  /** Nothing reaches the client any more. */
  deaf = false;
  /** Nothing leaves the client any more. */
  mute = false;
  /** The client knows that it has ended. */
  isClosed = false;
  stalledUntil = 0;
  /** Where they differ from the server's. */
  faults: Partial<PublishFaults> = {};
  private broken = false;
  private readonly life: number;
  private readonly world: World;
  private readonly out: Pipe;
  private readonly ending: Settling<string>;
  private readonly asked = new Set<{ fail(why: string): void }>();
  private shared = new Uint8Array(2048);

  constructor(
    readonly server: BusServer,
    readonly process: Process,
  ) {
    this.id = ++server.linksMade;
    this.world = server.world;
    this.life = server.life;
    this.out = new Pipe(this.world, server.random, () => server.latency());
    this.ending = process.settling<string>();
    this.closed = this.ending.promise;
    this.admin = this.makeAdmin();
    process.hold(this);
  }

  /** A view of the one buffer that all messages of this link come in. */
  buffer(bytes: Uint8Array): Uint8Array {
    if (bytes.length > this.shared.length) this.shared = new Uint8Array(bytes.length * 2);
    const view = this.shared.subarray(0, bytes.length);
    view.set(bytes);
    return view;
  }

  // ---- Link ---------------------------------------------------------------------------------------------------------

  streamInfo(stream: string): Promise<StreamInfo | null> {
    return this.ask(`stream info of ${stream}`, (answer) => answer(this.server.streams.get(stream)?.info() ?? null));
  }

  message(stream: string, position: number): Promise<StreamMessage | null> {
    return this.ask(`message ${position} of ${stream}`, (answer) => {
      const stored = this.server.streams.get(stream)?.at(position) ?? null;
      answer(stored === null ? null : { ...stored, bytes: stored.bytes.slice() });
    });
  }

  read(stream: string, from: number, service: ServiceName | null, onMessage: OnMessage, onEnd: (why: string) => void): Promise<Reading> {
    return this.makeReader(stream, from, wantsOf(service), null, onMessage, onEnd);
  }

  readEchoes(
    stream: string,
    from: number,
    service: ServiceName,
    everyMs: number,
    level: Level,
    onMessage: OnMessage,
    onEnd: (why: string) => void,
  ): Promise<Reading> {
    const echoes = echoRootsOf(service);
    return this.makeReader(stream, from, (root) => echoes.has(root), { everyMs, level }, onMessage, onEnd);
  }

  private makeReader(
    stream: string,
    from: number,
    wants: (root: string) => boolean,
    polled: Polled | null,
    onMessage: OnMessage,
    onEnd: (why: string) => void,
  ): Promise<Reading> {
    let reader: SimReader | null = null;
    return this.ask(
      `reading of ${stream} from ${from}`,
      (answer) => {
        reader = new SimReader(this, this.server.streamNamed(stream), from, wants, polled, onMessage, onEnd);
        const made = reader;
        answer({ stop: () => made.stop(), pending: made.pending() });
      },
      () => reader?.stop(),
    );
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.isClosed || this.mute || !this.process.alive) return;
    const { random } = this.server;
    const faults = { ...this.server.faults, ...this.faults };
    const from = `${this.process.name}/${this.process.boot} link ${this.id}`;
    // The bytes are taken when they arrive: whoever writes into what it has published will read it back.
    const arrive = () => {
      if (this.reaches()) this.server.receive(subject, bytes.slice(), from);
    };
    const onlyGhost = random.chance(faults.onlyGhost);
    if (onlyGhost || random.chance(faults.ghost)) {
      const late = bytes.slice();
      const at = this.world.now + random.between(this.server.ghostMs.least, this.server.ghostMs.most) * 1000;
      this.world.trace('bus', 'makes a ghost of', subject, from);
      // What a server that lost its tail had been sent before, it never gets: its sender looks first at what is there.
      const { tailsLost } = this.server;
      this.world.at(at, () => {
        if (this.server.up && this.server.tailsLost === tailsLost) this.server.receive(subject, late, `ghost of ${from}`);
      });
      if (onlyGhost) return;
    }
    if (random.chance(faults.drop)) {
      this.world.trace('bus', 'drops', subject, from);
      return;
    }
    this.out.send(arrive);
    if (random.chance(faults.double)) {
      this.world.trace('bus', 'doubles', subject, from);
      this.out.send(arrive);
    }
  }

  close(): Promise<void> {
    if (!this.process.alive) return new Promise(() => {});
    if (!this.isClosed) {
      this.end('closed by this side', 0, this.server.random.chance(0.5));
      this.isClosed = true;
      // Also where the link is broken already: this side need not wait until the network says so.
      this.process.input(this.server.random.below(2000), () => this.learn('closed by this side'));
    }
    return this.closed.then(() => {});
  }

  // ---- questions and answers ----------------------------------------------------------------------------------------

  private reaches(): boolean {
    return this.server.up && this.server.life === this.life;
  }

  /** `handle` runs on the server; without an answer in time, or when the link ends, nobody knows whether it did. */
  private ask<T>(what: string, handle: (answer: (result: T) => void) => void, undo?: () => void): Promise<T> {
    const { process, world, server } = this;
    const answer = process.settling<T>();
    const fail = (why: string) => {
      if (answer.settled) return;
      over();
      undo?.();
      answer.reject(new Error(`${what}: ${why}`));
    };
    const entry = { fail };
    const timeout = world.schedule(world.now + server.requestTimeoutMs * 1000, process, 'timer', () =>
      fail(`no answer from the bus within ${server.requestTimeoutMs} ms`),
    );
    const over = () => {
      timeout.cancelled = true;
      this.asked.delete(entry);
    };
    if (!process.alive) return answer.promise;
    if (this.isClosed) {
      process.input(0, () => fail('the connection is closed'));
      return answer.promise;
    }
    this.asked.add(entry);
    const reply = (settle: () => void) => {
      const delay = Math.max(server.latency(), this.stalledUntil - world.now);
      process.input(delay, () => {
        if (this.deaf || answer.settled) return;
        over();
        settle();
      });
    };
    const arrive = () => {
      if (!this.reaches()) return;
      try {
        handle((result) => reply(() => answer.resolve(result)));
      } catch (error) {
        reply(() => {
          undo?.();
          answer.reject(new Error(`${what}: ${(error as Error).message}`, { cause: error }));
        });
      }
    };
    if (!this.mute) this.out.send(arrive);
    return answer.promise;
  }

  private makeAdmin(): StreamAdmin {
    const { server } = this;
    const command = (what: string, act: () => void): Promise<void> =>
      this.ask(what, (answer) => {
        act();
        answer(undefined);
      });
    return {
      create: (stream, subjects, maxBytes) =>
        this.ask(`creation of ${stream}`, (answer) => answer(server.create(stream, subjects, maxBytes))),
      setSubjects: (stream, subjects) => command(`subjects of ${stream}`, () => server.setSubjects(stream, subjects)),
      purge: (stream, below) => command(`purge of ${stream} below ${below}`, () => server.purge(stream, below)),
      remove: (stream) => command(`removal of ${stream}`, () => server.remove(stream)),
      list: () => this.ask('list of streams', (answer) => answer([...server.streams.keys()])),
      publish: async (stream, subject, bytes) => {
        const from = `${this.process.name}/${this.process.boot} link ${this.id}`;
        const what = `publish of ${subject} to ${stream}`;
        const result = await this.ask<{ result: number | Error; stored: string }>(what, (answer) => {
          const expected = server.streams.get(stream);
          if (expected === undefined || !expected.takes(subject)) throw new Error(`stream ${stream} does not take ${subject}`);
          server.receive(subject, bytes.slice(), from, (stored, name) => answer({ result: stored, stored: name }));
        });
        if (result.result instanceof Error) throw new Error(`${what}: ${result.result.message}`, { cause: result.result });
        return result.result;
      },
    };
  }

  // ---- its end ------------------------------------------------------------------------------------------------------

  /** Nothing goes on from now; a prefix of what was underway still arrives; the client learns later. */
  cut(how: Cut = {}): void {
    if (this.broken) return;
    const learntMs = how.learntAfterMs ?? this.server.random.delay({ least: 0, most: 2000 });
    this.end(how.why ?? 'connection reset', learntMs, true, how.ghostMs);
  }

  /** The connection looks alive and carries nothing, until somebody notices. */
  halfOpen(how: HalfOpen = { direction: 'both' }): void {
    if (this.broken) return;
    const { random } = this.server;
    const learntMs = how.learntAfterMs ?? random.between(3000, 60_000);
    this.world.trace(this.process.name, 'half-open', how.direction, 'link', this.id, learntMs);
    if (how.direction !== 'in') {
      this.mute = true;
      this.out.breakOff(0);
    }
    if (how.direction !== 'out') {
      this.deaf = true;
      for (const reader of [...this.readers]) reader.end('no heartbeat', random.between(1_000_000, 4_000_000));
    }
    this.world.after(learntMs, () => this.cut({ learntAfterMs: 0, why: 'stale connection' }));
  }

  /** Nothing moves in either direction for a while, then all goes on in order. */
  stall(ms: number): void {
    const until = this.world.now + Math.round(ms * 1000);
    this.stalledUntil = Math.max(this.stalledUntil, until);
    this.world.trace(this.process.name, 'stalled link', this.id, ms);
    this.out.stall(until);
  }

  processDied(): void {
    this.broken = true;
    this.mute = true;
    this.deaf = true;
    const lost = this.out.breakOff(this.lateMicros());
    if (lost > 0) this.world.trace(this.process.name, 'lost unsent on link', this.id, lost);
    for (const reader of [...this.readers]) reader.stop();
    this.server.links.delete(this);
  }

  private lateMicros(ghostMs?: number): number {
    const { random, ghostMs: usual } = this.server;
    // Mostly what is underway arrives as it would have; now and then it is held up somewhere.
    const ms = ghostMs ?? (random.chance(0.15) ? random.between(usual.least, usual.most) : 0);
    return ms * 1000;
  }

  private end(why: string, learntMs: number, tellReaders: boolean, ghostMs?: number): void {
    if (this.broken) return;
    this.broken = true;
    const { random } = this.server;
    const lost = this.mute ? 0 : this.out.breakOff(this.lateMicros(ghostMs));
    this.world.trace(this.process.name, `link ends: ${why}; learnt later, lost`, this.id, learntMs, lost);
    this.mute = true;
    this.server.links.delete(this);
    for (const reader of [...this.readers]) {
      reader.breakOff();
      if (tellReaders) reader.end(why, learntMs * 1000 + random.below(2000));
      else reader.stop();
    }
    // The last packet before the break may still come in, if only before the client learns.
    if (random.chance(0.5)) this.deaf = true;
    else
      this.world.after(learntMs / 2, () => {
        this.deaf = true;
      });
    this.process.input(learntMs * 1000 + random.below(2000), () => this.learn(why));
  }

  private learn(why: string): void {
    if (this.ending.settled) return;
    this.isClosed = true;
    this.deaf = true;
    this.process.letGo(this);
    for (const entry of [...this.asked]) entry.fail(why);
    this.world.trace(this.process.name, 'learns the end of link', this.id);
    this.ending.resolve(why);
  }
}
