import type { AdminLink, Bus, Link, StreamInfo } from '../../runtime/ports.ts';
import type { Process } from '../process.ts';
import type { Random, Range } from '../random.ts';
import type { World } from '../world.ts';
import { SimLink } from './link.ts';
import { SimStream, type Stored } from './stream.ts';
import { overlap } from './subjects.ts';

/** Probabilities for each core publish. A healthy connection does none of this; a proxy or a bug may. */
export interface PublishFaults {
  /** Lost from the middle of a connection that lives on. */
  drop: number;
  /** Arrives twice, one right behind the other. */
  double: number;
  /** Arrives again much later, whatever has become of its link. */
  ghost: number;
  /** Does not arrive in its turn, but only as a ghost. */
  onlyGhost: number;
}

/** For checkers: sees what streams hold without taking part. */
export interface StreamWatcher {
  stored(stream: SimStream, message: Stored): void;
  /** Its tail is gone; positions above the last will be given again. */
  shortened(stream: SimStream): void;
}

export interface BusOptions {
  readonly latencyMicros?: Range;
  readonly requestTimeoutMs?: number;
  readonly ghostMs?: Range;
  /** Messages that a reader gets in one go, at most. */
  readonly batch?: number;
}

/** As many of all worlds have several servers. */
const CLUSTERS = 0.3;

/** A simulated NATS server with JetStream. Scenarios break it through its methods; processes see it through `bus` and `adminBus`. */
export class BusServer {
  readonly streams = new Map<string, SimStream>();
  readonly links = new Set<SimLink>();
  readonly watchers: StreamWatcher[] = [];
  readonly faults: PublishFaults = { drop: 0, double: 0, ghost: 0, onlyGhost: 0 };
  readonly random: Random;
  /** Of a cluster, where copies of a stream lag behind each other; null of a server that stands alone. */
  readonly lags: Random | null;
  readonly latencyMicros: Range;
  readonly requestTimeoutMs: number;
  readonly ghostMs: Range;
  readonly batch: number;
  /** µs that the server's wall clock is ahead of true time. */
  clockSkewMicros = 0;
  up = true;
  /** Counts its runs: what was sent to an earlier one never arrives. */
  life = 1;
  linksMade = 0;
  tailsLost = 0;
  private readonly refused = new Map<string, string>();
  private readonly subjectOwners = new Map<string, SimStream | null>();

  constructor(
    readonly world: World,
    options: BusOptions = {},
  ) {
    this.random = world.random.fork('bus');
    const lags = world.random.fork('copies');
    this.lags = lags.chance(CLUSTERS) ? lags : null;
    this.latencyMicros = options.latencyMicros ?? { least: 80, most: 4000 };
    this.requestTimeoutMs = options.requestTimeoutMs ?? 5000;
    this.ghostMs = options.ghostMs ?? { least: 50, most: 20_000 };
    this.batch = options.batch ?? 64;
  }

  /** For a service: may read and publish. */
  bus(process: Process): Bus<Link> {
    return { connect: () => this.connect(process) };
  }

  /** For the journal: may change streams too. */
  adminBus(process: Process): Bus<AdminLink> {
    return { connect: () => this.connect(process) };
  }

  private connect(process: Process): Promise<SimLink> {
    const connecting = process.settling<SimLink>();
    const roundTrip = this.latency() + this.latency();
    process.input(roundTrip, () => {
      const why = this.up ? this.refused.get(process.name) : 'connection refused';
      if (why !== undefined) return connecting.reject(new Error(`cannot connect to the bus: ${why}`));
      const link = new SimLink(this, process);
      this.links.add(link);
      this.world.trace(process.name, 'connected, link', link.id);
      connecting.resolve(link);
    });
    return connecting.promise;
  }

  latency(): number {
    return this.random.delay(this.latencyMicros);
  }

  wallMicros(): number {
    return this.world.trueMicros() + this.clockSkewMicros;
  }

  // ---- what links ask of it -----------------------------------------------------------------------------------------

  /** Finds the stream of the subject and stores the message; without an `answer` nobody learns what became of it. */
  receive(subject: string, bytes: Uint8Array, from: string, answer?: (result: number | Error, stream: string) => void): void {
    const stream = this.streamFor(subject);
    if (stream === null) {
      this.world.trace('bus', 'no stream takes', subject, from);
      answer?.(new Error(`no stream takes ${subject}`), '');
      return;
    }
    const store = () => {
      const position = stream.append(subject, bytes, this.wallMicros());
      if (position === null) {
        this.world.trace('bus', 'full, refuses', subject, from);
        answer?.(new Error(`stream ${stream.name} is full: ${stream.info().bytes} of ${stream.maxBytes} bytes`), stream.name);
        return;
      }
      this.world.trace('bus', 'stores', stream.name, position, subject, bytes.length, from);
      for (const watcher of this.watchers) watcher.stored(stream, stream.at(position) as Stored);
      answer?.(position, stream.name);
      for (const follower of stream.followers) follower.more();
    };
    if (stream.stalled) stream.ingest.push(store);
    else store();
  }

  private streamFor(subject: string): SimStream | null {
    let stream = this.subjectOwners.get(subject);
    if (stream === undefined) {
      stream = null;
      for (const candidate of this.streams.values()) if (candidate.takes(subject)) stream = candidate;
      this.subjectOwners.set(subject, stream);
    }
    return stream;
  }

  streamNamed(name: string): SimStream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw new Error(`stream ${name} not found`);
    return stream;
  }

  create(name: string, subjects: readonly string[], maxBytes: number): StreamInfo {
    const there = this.streams.get(name);
    if (there !== undefined) {
      if (there.maxBytes === maxBytes && there.subjects.join() === subjects.join()) return there.info();
      throw new Error(`stream name ${name} is already in use with another configuration`);
    }
    this.refuseOverlap(name, subjects);
    const stream = new SimStream(name, this.stamp(), [...subjects], maxBytes);
    this.streams.set(name, stream);
    this.subjectOwners.clear();
    this.world.trace('bus', 'creates', name, subjects.join());
    return stream.info();
  }

  setSubjects(name: string, subjects: readonly string[]): void {
    const stream = this.streamNamed(name);
    this.refuseOverlap(name, subjects);
    stream.subjects = [...subjects];
    this.subjectOwners.clear();
    this.world.trace('bus', 'sets subjects', name, subjects.join());
  }

  purge(name: string, below: number): void {
    this.streamNamed(name).purge(below);
    this.world.trace('bus', 'purges', name, below);
  }

  remove(name: string): void {
    const stream = this.streamNamed(name);
    this.streams.delete(name);
    this.subjectOwners.clear();
    this.world.trace('bus', 'removes', name);
    for (const follower of [...stream.followers]) follower.streamGone(`stream ${name} was deleted`);
    stream.followers.clear();
  }

  private refuseOverlap(name: string, subjects: readonly string[]): void {
    for (const other of this.streams.values())
      if (other.name !== name && other.subjects.some((theirs) => subjects.some((ours) => overlap(ours, theirs))))
        throw new Error(`subjects ${subjects.join()} overlap with those of stream ${other.name}`);
  }

  /** To the nanosecond, and never the same twice. */
  private stamp(): string {
    const micros = this.wallMicros();
    const seconds = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19);
    const nanos = (micros % 1_000_000) * 1000 + this.random.below(1000);
    return `${seconds}.${String(nanos).padStart(9, '0')}Z`;
  }

  // ---- what scenarios do to it --------------------------------------------------------------------------------------

  linksOf(name: string): SimLink[] {
    return [...this.links].filter((link) => link.process.name === name);
  }

  /** No process of this name gets a connection for a while; those it has stay. */
  refuse(name: string, ms: number, why = 'connection timed out'): void {
    this.refused.set(name, why);
    this.world.after(ms, () => this.refused.delete(name));
  }

  /** Messages arrive and are not stored until it is over; questions are answered from what is stored. */
  stall(name: string, ms: number): void {
    const stream = this.streams.get(name);
    if (stream === undefined || stream.stalled) return;
    stream.stalled = true;
    this.world.trace('bus', 'stalls', name, ms);
    this.world.after(ms, () => {
      stream.stalled = false;
      for (const store of stream.ingest.splice(0)) store();
    });
  }

  /** All links end; streams survive, what waited to be stored does not. */
  restart(downMs: number): void {
    this.world.trace('bus', 'goes down', downMs);
    this.up = false;
    const life = ++this.life;
    for (const stream of this.streams.values()) {
      stream.ingest.length = 0;
      stream.followers.clear();
    }
    for (const link of [...this.links]) link.cut({ why: 'the server closed the connection' });
    this.world.after(downMs, () => {
      if (life !== this.life) return;
      this.up = true;
      this.world.trace('bus', 'is up again');
    });
  }

  /** The disk is gone: a restart without any stream. */
  lose(downMs: number): void {
    this.restart(downMs);
    this.streams.clear();
    this.subjectOwners.clear();
    this.world.trace('bus', 'has lost all streams');
  }

  /** The last `count` messages of the stream never reached the disk; its `created` stays, its positions are given anew. */
  powerCut(name: string, count: number, downMs: number): number {
    this.restart(downMs);
    this.tailsLost++;
    const stream = this.streams.get(name);
    const gone = stream?.shorten(count) ?? 0;
    if (stream !== undefined) for (const watcher of this.watchers) watcher.shortened(stream);
    this.world.trace('bus', 'lost the tail of', name, gone);
    return gone;
  }

  /** Another stream under the same name and subjects, created anew, with other messages. */
  replace(name: string, content: readonly { readonly subject: string; readonly bytes: Uint8Array }[], downMs: number): void {
    this.restart(downMs);
    const old = this.streamNamed(name);
    const stream = new SimStream(name, this.stamp(), old.subjects, old.maxBytes);
    for (const message of content) {
      const position = stream.append(message.subject, message.bytes, this.wallMicros());
      if (position === null) continue;
      for (const watcher of this.watchers) watcher.stored(stream, stream.at(position) as Stored);
    }
    this.streams.set(name, stream);
    this.subjectOwners.clear();
    this.world.trace('bus', 'has another stream as', name, content.length);
  }
}
