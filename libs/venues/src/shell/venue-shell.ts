import type { KeptFault, VenueAdapter } from '../adapter.ts';
import type { RestRequest, RestResponse } from '../rest.ts';
import type { VenueKey } from '../signing.ts';
import type { SymbolMap } from '../symbols.ts';
import { Bucket } from './bucket.ts';
import type { Clock } from './clock.ts';
import type { HttpGet } from './http-get.ts';
import { RestSender } from './rest-sender.ts';
import { signerWith } from './signer.ts';
import type { OpenSocket } from './venue-socket.ts';
import { type StreamSink, VenueStream } from './venue-stream.ts';

/** Where a venue is found: its own hosts, or others that speak its protocol. */
export interface VenueAddresses {
  readonly socket: string;
  rest(request: Pick<RestRequest, 'host' | 'path'>): string;
}

export interface VenueShellDeps {
  readonly adapter: VenueAdapter;
  readonly addresses: VenueAddresses;
  readonly clock: Clock;
  readonly random: () => number;
  readonly openSocket: OpenSocket;
  readonly httpGet: HttpGet;
  /** Null where there is none: what the venue tells to key holders only is not asked then. */
  readonly key: VenueKey | null;
  readonly symbols: SymbolMap;
  /** Levels a side in each book: 1 to 30. */
  readonly depth: number;
  readonly trades: boolean;
  readonly sink: StreamSink;
}

/** Adds up over all connections of the venue; names as in `health.counters`. */
export type VenueCounters = Readonly<Record<string, number>>;

/** Everything between a venue and its books: as many connections as its codes need, and its REST requests. */
export class VenueShell {
  private readonly deps: VenueShellDeps;
  private readonly rest: RestSender;
  private readonly connects: Bucket;
  private readonly streams: VenueStream[] = [];
  private epoch = 0;
  private closed = false;

  constructor(deps: VenueShellDeps) {
    this.deps = deps;
    const { adapter, clock, httpGet, addresses, key } = deps;
    this.connects = new Bucket(adapter.connection.connects);
    const sign = key === null ? null : signerWith(adapter, key, clock);
    this.rest = new RestSender({ adapter, clock, get: httpGet, address: (request) => addresses.rest(request), sign });
  }

  /** Watches these codes from now on: those that stay keep their connection. */
  watch(codes: readonly string[]): void {
    const wanted = new Set(codes);
    const { mostCodes } = this.deps.adapter.connection;
    const watched = new Set(this.streams.flatMap((stream) => stream.codes()));
    const come = [...wanted].filter((code) => !watched.has(code));
    for (const stream of [...this.streams]) {
      const before = stream.codes();
      const kept = before.filter((code) => wanted.has(code));
      const after = [...kept, ...come.splice(0, Math.max(0, mostCodes - kept.length))];
      if (after.length === 0) {
        stream.close();
        this.streams.splice(this.streams.indexOf(stream), 1);
      } else if (kept.length < before.length || after.length > kept.length) stream.watch(after);
    }
    while (come.length > 0) this.streams.push(this.newStream(come.splice(0, mostCodes)));
  }

  /** Asks what no stream says. */
  ask(request: RestRequest, answered: (response: RestResponse) => void): void {
    this.rest.ask({ owner: this, request, urgency: 'ordinary', wanted: () => !this.closed, answered });
  }

  /** Every connection is open. */
  open(): boolean {
    return this.streams.length > 0 && this.streams.every((stream) => stream.open());
  }

  barredMs(): number {
    return this.rest.barredMs();
  }

  counters(): VenueCounters {
    const sums = { messages: 0, gaps: 0, resyncs: 0, stale: 0, crossed: 0, checksumsBad: 0, rounded: 0, empty: 0 };
    const totals = { frames: 0, bad: 0, unknown: 0 };
    const connections = { reconnects: 0, renewals: 0 };
    for (const stream of this.streams) {
      const feed = stream.feed();
      for (const code of feed.codes()) add(sums, feed.counts(code) as unknown as Readonly<Record<string, number>>);
      add(totals, feed.totals() as unknown as Readonly<Record<string, number>>);
      add(connections, stream.counts() as unknown as Readonly<Record<string, number>>);
    }
    const rest = this.rest.counts();
    return {
      ...connections,
      connections: this.streams.length,
      ...totals,
      ...sums,
      restSent: rest.sent,
      restFailed: rest.failed,
      restSlowedDown: rest.slowedDown,
      restLimitUsed: Math.round(this.rest.used() * 1_000) / 1_000,
    };
  }

  /** The newest messages that could not be understood, with the beginning of their bytes. */
  faults(): readonly KeptFault[] {
    return this.streams.flatMap((stream) => stream.feed().faults());
  }

  close(): void {
    this.closed = true;
    this.rest.close();
    for (const stream of this.streams) stream.close();
  }

  private newStream(codes: readonly string[]): VenueStream {
    const { adapter, addresses, clock, random, openSocket, symbols, depth, trades, sink } = this.deps;
    return new VenueStream(
      {
        adapter,
        url: addresses.socket,
        clock,
        random,
        open: openSocket,
        rest: this.rest,
        connects: this.connects,
        symbols,
        depth,
        trades,
        nextEpoch: () => this.nextEpoch(),
        sink: { ...sink, book: (book) => this.book(book, sink) },
      },
      codes,
    );
  }

  private book(book: Parameters<StreamSink['book']>[0], sink: StreamSink): void {
    if (book.epoch > this.epoch) this.epoch = book.epoch;
    sink.book(book);
  }

  /** By the clock, so that epochs rise over restarts of this process too. */
  private nextEpoch(): number {
    this.epoch = Math.max(this.epoch + 1, Math.floor(this.deps.clock.wallMicros() / 1_000));
    return this.epoch;
  }
}

function add(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const name of Object.keys(sums)) sums[name] = (sums[name] as number) + (more[name] ?? 0);
}
