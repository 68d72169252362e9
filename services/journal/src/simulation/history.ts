import type { BusServer, SimStream, Stored } from '@arb/shared/simulation';

/** One stream as it was: a new timeline begins where its tail was lost; what follows takes the same positions. */
export interface StreamHistory {
  readonly created: string;
  readonly timelines: Stored[][];
}

/** Everything that any stream ever held, kept beside the simulated server. */
export class History {
  readonly streams: StreamHistory[] = [];
  /** µs of world time at which a subject of this root was last stored. */
  readonly lastStored = new Map<string, number>();
  private readonly known = new Map<SimStream, StreamHistory>();

  constructor(server: BusServer) {
    server.watchers.push({
      stored: (stream, message) => {
        this.present(stream).push(message);
        this.lastStored.set(message.subject.split('.')[0] as string, server.world.now);
      },
      shortened: (stream) => {
        const timeline = this.present(stream);
        this.known.get(stream)?.timelines.push(timeline.slice(0, stream.lastPosition));
      },
    });
  }

  /** Of the stream created then; null where nothing was ever stored in it. */
  of(created: string | null): StreamHistory | null {
    return this.streams.find((one) => one.created === created) ?? null;
  }

  private present(stream: SimStream): Stored[] {
    let history = this.known.get(stream);
    if (history === undefined) {
      history = { created: stream.created, timelines: [[]] };
      this.known.set(stream, history);
      this.streams.push(history);
    }
    return history.timelines.at(-1) as Stored[];
  }
}
