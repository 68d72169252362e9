import type { Recorded, Recording } from '@arb/venues/recording';
import type { Connection } from '../server/connection.ts';
import { type Conversation, type HttpAnswer, type HttpRequest, json, type Site, type VenueProtocol } from '../server/venue.ts';
import { type Playback, play } from './playback.ts';

const PING_EVERY_MS = 20_000;
/** What is asked of a book that the recording does not hold is refused: the simulated one would be another market's. */
const BOOKS = /\/(?:depth|orderbook|ticker)(?:\/|$)/;

export interface RecordedVenue {
  readonly recording: Recording;
  readonly speed: number | 'fast';
}

/** The venue's own socket with a recording behind it: each client hears it from the beginning once it has subscribed. */
export function recorded(protocol: VenueProtocol, { recording: { entries }, speed }: RecordedVenue): VenueProtocol {
  return {
    ...protocol,
    open(floor): Site {
      const own = protocol.open(floor);
      const answers = entries.flatMap((entry, position) => (entry.kind === 'answer' ? [{ ...entry, position }] : []));
      const talks = new Set<Talk>();

      function http(request: HttpRequest): HttpAnswer {
        const furthest = Math.max(0, ...[...talks].map((talk) => talk.position()));
        const found = answers.filter((answer) => answersTo(answer, request));
        // What was asked next, from where the replay stands; after the last, the last.
        const next = found.find(({ position }) => position >= furthest) ?? found.at(-1);
        if (next !== undefined) return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(next.body) };
        return BOOKS.test(request.path)
          ? json(503, { error: { name: 'not_recorded', message: `the recording holds no answer to ${request.path}` } })
          : own.http(request);
      }

      return {
        connect(request) {
          const talk = own.connect(request);
          if (typeof talk !== 'function') return talk;
          const subscribed = request.query.has('streams') || /\/ws\/./.test(request.path);
          return (connection) => {
            const made = new Talk(connection, entries, speed, protocol.binaryFrames, () => {
              floor.say('info', 'the recording is over; the socket stays open', { venue: protocol.name, id: connection.id });
            });
            talks.add(made);
            if (subscribed) made.begin();
            return {
              message: (text) => made.message(text),
              closed() {
                made.closed();
                talks.delete(made);
              },
            };
          };
        },
        http,
        published: () => false,
        tick: () => {
          for (const talk of talks) talk.tick();
        },
        tooMany: (status, seconds) => own.tooMany(status, seconds),
        farewell: () => own.farewell(),
      };
    },
  };
}

function answersTo({ url }: Extract<Recorded, { kind: 'answer' }>, { path, query }: HttpRequest): boolean {
  // Without an address it is the snapshot that stood among the messages.
  if (url === null) return path.endsWith('/depth');
  const asked = new URL(url, 'http://recorded');
  // Its version has changed over the years, its last word has not.
  if (lastWord(asked.pathname) !== lastWord(path)) return false;
  const names = ['symbol', 'markets'];
  return names.every((name) => asked.searchParams.get(name) === query.get(name));
}

function lastWord(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

class Talk implements Conversation {
  private readonly connection: Connection;
  private readonly start: () => Playback;
  private playback: Playback | null = null;
  private pingedAt = performance.now();

  constructor(connection: Connection, entries: readonly Recorded[], speed: number | 'fast', binary: boolean, over: () => void) {
    this.connection = connection;
    this.start = () => play(connection, entries, { speed, binary, over });
  }

  position(): number {
    return this.playback?.position() ?? 0;
  }

  begin(): void {
    this.playback ??= this.start();
  }

  message(text: string): void {
    if (text === 'PING') this.connection.answer('{"status":"UP"}', true);
    else this.begin();
  }

  closed(): void {
    this.playback?.stop();
  }

  tick(): void {
    const now = performance.now();
    if (now - this.pingedAt < PING_EVERY_MS) return;
    this.pingedAt = now;
    this.connection.ping(String(Date.now()));
  }
}
