import type { AddressInfo } from 'node:net';
import { Board } from '../control/board.ts';
import { conditionsOf, hindrance, makeEffects } from '../control/effects.ts';
import { controlRoute } from '../control/routes.ts';
import { Spoiler } from '../control/spoiler.ts';
import { type Instrument, type MarketSettings, makeMarket } from '../market/index.ts';
import { openRecording, type RecordingPlan } from '../recording/plan.ts';
import { recorded } from '../recording/site.ts';
import { PROTOCOLS } from '../venues/registry.ts';
import { openDoors } from './doors.ts';
import type { Listing } from './listing.ts';
import { expectSpoken, type OpenVenue, openVenues } from './open-venues.ts';
import { keepPace } from './pace.ts';
import type { Say } from './say.ts';
import { openSentLog } from './sent-log.ts';
import { type HttpAnswer, type HttpRequest, json, type VenueProtocol } from './venue.ts';

export interface SimulatorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly market: MarketSettings;
  /** Where all that is sent is written down; null for nowhere. */
  readonly logPath: string | null;
  /** Faults to come, each with the seconds from now at which it begins. */
  readonly faults?: readonly unknown[];
  /** Venues whose sockets play a recording instead. */
  readonly recordings?: readonly RecordingPlan[];
  readonly say: Say;
}

export interface Simulator {
  readonly url: string;
  /** What GET /sent answers. */
  sent(): Sent;
  close(): Promise<void>;
}

export interface Sent {
  readonly books: number;
  /** How many books there have been, by `<venue> <symbol>`. */
  readonly lastSequence: Readonly<Record<string, number>>;
}

const TICK_MS = 1_000;

/** Serves the simulated market in real time, each venue by its own protocol below `/<venue>`. */
export async function startSimulator({
  host,
  port,
  market: settings,
  logPath,
  faults = [],
  recordings = [],
  say,
}: SimulatorOptions): Promise<Simulator> {
  const market = makeMarket({ withRates: true, ...settings });
  expectSpoken(settings, PROTOCOLS);
  const protocols = withRecordings(recordings);
  const log = logPath === null ? null : openSentLog(logPath);
  const spoiler = new Spoiler(settings.seed, log);
  const board = new Board({
    known: { venues: () => [...venues.keys()], symbols: (venue) => venues.get(venue)?.listings.map(({ symbol }) => symbol) ?? [] },
    log: (line) => {
      log?.add(line);
      say('info', `a fault ${line.state === 'began' ? 'begins' : 'is over'}`, { fault: line.fault });
    },
    began(fault) {
      spoiler.follow(board.acting);
      effects.began(fault);
    },
    ended(fault) {
      spoiler.follow(board.acting);
      effects.ended(fault);
    },
  });
  const venues = openVenues({ market, settings, protocols, conditions: conditionsOf(board), log, say });
  const effects = makeEffects({
    connections: () => doors.connections,
    site: (venue) => (venues.get(venue) as OpenVenue).site,
    instruments: market.instruments,
  });
  const places = new Map<Instrument, { readonly venue: OpenVenue; readonly listing: Listing }>();
  for (const venue of venues.values()) for (const listing of venue.listings) places.set(listing.instrument, { venue, listing });
  let books = 0;
  let closing: Promise<void> | null = null;

  function sent(): Sent {
    return {
      books,
      lastSequence: Object.fromEntries(
        [...places.values()].map(({ venue, listing }) => [`${venue.name} ${listing.symbol}`, listing.books]),
      ),
    };
  }

  function own(request: HttpRequest, body: string): HttpAnswer {
    const commanded = controlRoute(board, request, body);
    if (commanded !== null) return commanded;
    const { path, method } = request;
    if (method === 'GET' && (path === '/healthz' || path === '/readyz'))
      return json(200, { status: 'ok', clients: doors.connections.size });
    if (method === 'GET' && path === '/sent') return json(200, sent());
    return json(404, {
      error: `expected /${[...venues.keys()].join('/…, /')}/…, GET /healthz, GET /sent or /control/faults, found ${method} ${path}`,
    });
  }

  const doors = openDoors({
    places: venues,
    gate: spoiler.pass,
    hindered: (venue, kind) => hindrance(board, (venues.get(venue) as OpenVenue).site, venue, kind),
    own,
    closed: (connection) => spoiler.forget(connection),
    log,
    say,
  });
  const { server, connections } = doors;
  try {
    board.post(faults);
  } catch (cause) {
    log?.close();
    throw new Error(`simulator: the faults cannot be followed: ${(cause as Error).message}`, { cause });
  }
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (cause) {
    board.end(null);
    log?.close();
    throw new Error(
      `simulator: cannot listen on ${host}:${port}: ${(cause as Error).message}: change infrastructure.simulatorUrl or end what listens there`,
      { cause },
    );
  }
  server.on('error', (error) => say('error', 'the server is in trouble', { error: error.message }));

  const pace = keepPace({
    nextAt: market.nextAt,
    step() {
      const { venue, listing } = places.get(market.step()) as { venue: OpenVenue; listing: Listing };
      books++;
      venue.publish(listing);
    },
    open() {
      for (const { socket } of connections) socket.cork();
    },
    close() {
      for (const connection of connections) {
        connection.socket.uncork();
        if (!connection.tooSlow()) continue;
        say('warn', 'a client reads too slowly and is disconnected', { id: connection.id, unsent: connection.unsentBytes() });
        connection.cut();
      }
    },
    heldUp: (skippedMs) => say('warn', 'the market was held up and goes on from where it stood', { skippedMs }),
  });
  const seconds = setInterval(() => {
    for (const { site } of venues.values()) site.tick();
  }, TICK_MS);

  const bound = server.address() as AddressInfo;
  const url = `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  say('info', 'the simulated market is open', { url, instruments: market.instruments.length, booksPerSecond: settings.booksPerSecond });

  return {
    url,
    sent,
    close() {
      closing ??= end();
      return closing;
    },
  };

  async function end(): Promise<void> {
    board.end(null);
    spoiler.close();
    pace.stop();
    clearInterval(seconds);
    await doors.close();
    log?.close();
  }
}

function withRecordings(plans: readonly RecordingPlan[]): ReadonlyMap<string, VenueProtocol> {
  const protocols = new Map(PROTOCOLS);
  for (const plan of plans) {
    const protocol = PROTOCOLS.get(plan.venue);
    if (protocol === undefined)
      throw new Error(`simulator: expected a recording of ${[...PROTOCOLS.keys()].join(', ')}, found one of ${plan.venue}`);
    protocols.set(plan.venue, recorded(protocol, { recording: openRecording(plan), speed: plan.speed }));
  }
  return protocols;
}
