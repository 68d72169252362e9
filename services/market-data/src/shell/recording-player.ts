import type { Cancel, Log, Time } from '@arb/shared/runtime';
import type { Output, RestRequest, RestResponse, SymbolMap, VenueAdapter, VenueFeed } from '@arb/venues';
import { type Recorded, Replayer } from '@arb/venues/recording';
import type { StreamSink } from '@arb/venues/shell';
import type { LoadedRecordings } from './recordings.ts';
import type { VenueConnection } from './venue-connection.ts';

/** At full speed: so many messages between two looks at how much room there is. */
const AT_ONCE = 200;
const REST_MS = 2;
const LONGEST_WAIT_MS = 60_000;

export interface PlayerDeps {
  readonly time: Time;
  readonly log: Log;
  readonly speed: 'recorded' | 'max';
  /** How many more books may be said at this moment. */
  readonly room: () => number;
}

export interface RecordedVenueOptions {
  readonly depth: number;
  readonly trades: boolean;
  readonly sink: StreamSink;
  readonly symbols: SymbolMap;
}

interface Track {
  readonly venue: string;
  readonly entries: readonly Recorded[];
  readonly play: (entry: Recorded, recordedAt: number) => void;
  readonly ended: () => void;
  next: number;
  /** µs, of the last entry that said a time. */
  at: number;
  /** µs that its times are moved by: see `align`. */
  shift: number;
}

/** Several venues' recordings as one market: merged by when things happened, as they were recorded or as fast as they are taken. */
export class RecordingPlayer {
  private readonly deps: PlayerDeps;
  private readonly recordings: LoadedRecordings;
  private readonly tracks: Track[] = [];
  private cancel: Cancel = () => {};
  private closed = false;
  private began: { readonly dueAt: number; readonly ms: number } | null = null;

  constructor(deps: PlayerDeps, recordings: LoadedRecordings) {
    this.deps = deps;
    this.recordings = recordings;
  }

  venue(adapter: VenueAdapter, options: RecordedVenueOptions): VenueConnection {
    const entries = this.recordings.get(adapter.venue) ?? [];
    const venue = new RecordedVenue(adapter, entries, options, this.deps.time);
    const track: Track = {
      venue: adapter.venue,
      entries,
      play: (entry, recordedAt) => venue.play(entry, recordedAt),
      ended: () => venue.ended(),
      next: 0,
      at: entries.find(({ at }) => at !== null)?.at ?? 0,
      shift: 0,
    };
    this.tracks.push(track);
    return venue;
  }

  start(): void {
    align(this.tracks);
    this.cancel = this.deps.time.after(0, () => this.play());
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private play(): void {
    if (this.closed) return;
    const { time, speed, room } = this.deps;
    for (let played = 0; played < AT_ONCE; played++) {
      const track = this.earliest();
      if (track === null) {
        this.deps.log('info', 'the recordings have ended');
        return;
      }
      const entry = track.entries[track.next] as Recorded;
      const recordedAt = Math.max(track.at, entry.at ?? track.at);
      const dueAt = recordedAt + track.shift;
      this.began ??= { dueAt, ms: time.monotonicMs() };
      if (speed === 'recorded') {
        const waitMs = (dueAt - this.began.dueAt) / 1_000 - (time.monotonicMs() - this.began.ms);
        if (waitMs > 1) {
          this.again(Math.min(LONGEST_WAIT_MS, waitMs));
          return;
        }
      } else if (room() === 0) break;
      track.at = recordedAt;
      track.next++;
      track.play(entry, recordedAt);
      if (track.next === track.entries.length) track.ended();
    }
    this.again(REST_MS);
  }

  private again(ms: number): void {
    this.cancel = this.deps.time.after(ms, () => this.play());
  }

  private earliest(): Track | null {
    let first: Track | null = null;
    for (const track of this.tracks)
      if (track.next < track.entries.length && (first === null || dueOf(track) < dueOf(first))) first = track;
    return first;
  }
}

function dueOf({ entries, next, at, shift }: Track): number {
  return (entries[next]?.at ?? at) + shift;
}

/** Recordings of different days are played as if they had begun together; those that overlap keep their distance. */
function align(tracks: readonly Track[]): void {
  const spans = tracks.map(({ entries, at }) => ({ from: at, to: entries.reduce((most, entry) => Math.max(most, entry.at ?? most), at) }));
  const [latest, earliestEnd] = [Math.max(...spans.map(({ from }) => from)), Math.min(...spans.map(({ to }) => to))];
  if (latest <= earliestEnd) return;
  for (const track of tracks) track.shift = -track.at;
}

/** A venue that says what it once said. Times of the exchange are moved to now, so that ages stay what they were. */
class RecordedVenue implements VenueConnection {
  private readonly sink: StreamSink;
  private readonly entries: readonly Recorded[];
  private readonly feed: VenueFeed;
  private readonly replayer: Replayer;
  private readonly time: Time;
  private opened = false;
  private lastAt = 0;

  constructor(adapter: VenueAdapter, entries: readonly Recorded[], { depth, trades, sink, symbols }: RecordedVenueOptions, time: Time) {
    this.entries = entries;
    this.sink = sink;
    this.time = time;
    const firstEpoch = Math.floor(time.wallMicros() / 1_000);
    this.feed = adapter.feed({ codes: 'any', depth, trades, firstEpoch, symbols });
    this.replayer = new Replayer(adapter, this.feed);
  }

  play(entry: Recorded, recordedAt: number): void {
    this.lastAt = Math.max(this.lastAt, this.time.wallMicros());
    const shift = this.lastAt - recordedAt;
    if (!this.opened) {
      this.opened = true;
      this.sink.opened();
    }
    this.replayer.take(entry, this.lastAt, (outputs) => {
      for (const output of outputs) this.take(output, shift);
    });
  }

  ended(): void {
    this.opened = false;
    this.sink.lost('the recording has ended', 0);
  }

  watch(): void {
    // What nobody watches is not said on.
  }

  /** Only what was asked for when it was recorded is known. */
  ask(request: RestRequest, answered: (response: RestResponse) => void): void {
    const path = request.path.split('?')[0] as string;
    const known = this.entries.find((entry) => entry.kind === 'answer' && (entry.url?.split('?')[0] ?? '').endsWith(path));
    this.time.after(0, () =>
      answered(
        known?.kind === 'answer'
          ? { status: 200, headers: {}, body: known.body }
          : { status: 0, headers: {}, body: Buffer.from('the recording does not hold it') },
      ),
    );
  }

  open(): boolean {
    return this.opened;
  }

  barredMs(): number {
    return 0;
  }

  counters() {
    const sums: Record<string, number> = { ...this.feed.totals(), gaps: 0, resyncs: 0, crossed: 0, stale: 0 };
    for (const code of this.feed.codes()) {
      const counts = this.feed.counts(code);
      for (const name of ['gaps', 'resyncs', 'crossed', 'stale'] as const) sums[name] = (sums[name] as number) + counts[name];
    }
    return sums;
  }

  faults() {
    return this.feed.faults();
  }

  close(): void {
    this.opened = false;
  }

  private take(output: Output, shift: number): void {
    if (output.kind === 'book' || output.kind === 'trade') {
      const moved = output.exchangeAt === null ? output : { ...output, exchangeAt: Math.max(0, output.exchangeAt + shift) };
      if (moved.kind === 'book') this.sink.book(moved);
      else this.sink.trade(moved);
    } else if (output.kind === 'fault') this.sink.fault(output.why, output.code);
    else if (output.kind === 'skipped' && output.why !== 'buffered' && output.why !== 'stale')
      this.sink.absent(output.code, output.symbol, output.why);
  }
}
