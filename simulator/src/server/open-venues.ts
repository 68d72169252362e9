import type { Market, MarketSettings } from '../market/index.ts';
import { type Listing, makeListing, numbersText } from './listing.ts';
import type { Say } from './say.ts';
import type { SentLog } from './sent-log.ts';
import type { Floor, Site, VenueProtocol, WalletState } from './venue.ts';
import { wallMicros } from './wall.ts';

/** As many levels a side as any venue shows at once. */
const MOST_PROVEN = 30;

/** What goes wrong at a venue without any message being spoilt. */
export interface Conditions {
  /** By how much its clock is ahead. */
  clockMs(venue: string): number;
  wallet(venue: string, coin: string): WalletState;
  keyRevoked(venue: string): boolean;
  warnings(venue: string, symbol: string): readonly string[];
  /** The bank's rate is multiplied by it. */
  bankFactor(): number;
}

export interface OpenVenue {
  readonly name: string;
  readonly site: Site;
  readonly listings: readonly Listing[];
  /** A book has moved on: it is told to all who hear it. */
  publish(listing: Listing): void;
}

export interface VenuesPlan {
  readonly market: Market;
  readonly settings: MarketSettings;
  readonly protocols: ReadonlyMap<string, VenueProtocol>;
  readonly conditions: Conditions;
  readonly log: SentLog | null;
  readonly say: Say;
}

export function expectSpoken(settings: MarketSettings, protocols: ReadonlyMap<string, VenueProtocol>): void {
  const unspoken = settings.venues.find(({ name }) => !protocols.has(name));
  if (unspoken !== undefined)
    throw new Error(
      `simulator: expected venues of ${[...protocols.keys()].join(', ')}, found ${unspoken.name}, whose protocol is not spoken here: change market.venues`,
    );
}

/** The bank is always there; of the others, those that are in the market. */
export function openVenues({ market, settings, protocols, conditions, log, say }: VenuesPlan): ReadonlyMap<string, OpenVenue> {
  const started = wallMicros();
  // Ids go on where those of an earlier process ended, unless it counted faster than a hundred in a millisecond.
  const firstId = Math.floor(started / 10);
  const proven = Math.min(settings.depth, MOST_PROVEN);
  const names = new Set([...settings.venues.map(({ name }) => name), ...(protocols.has('bank') ? ['bank'] : [])]);
  return new Map(
    [...names].map((name) => {
      const protocol = protocols.get(name) as VenueProtocol;
      const nowMs = (): number => Math.floor(wallMicros() / 1_000) + conditions.clockMs(name);
      const listings = market.instruments
        .filter(({ venue }) => venue === name)
        .map((instrument) =>
          makeListing({ instrument, code: protocol.codeOf(instrument.coin, instrument.quote), firstId, proven, changedAt: nowMs() }),
        );
      const write = (listing: Listing): void => {
        if (log === null || listing.logged === listing.books) return;
        listing.logged = listing.books;
        log.book(name, listing.symbol, listing.lastId, listing.changedAt * 1_000, numbersText(listing));
      };
      const floor: Floor = {
        listings,
        byCode: new Map(listings.map((listing) => [listing.code, listing])),
        nowMs,
        monotonicMs: () => performance.now(),
        told: write,
        wallet: (coin) => conditions.wallet(name, coin),
        keyRevoked: () => conditions.keyRevoked(name),
        warnings: (symbol) => conditions.warnings(name, symbol),
        usdtInWon: market.rate,
        bankRate: () => Math.round(market.bankRate() * conditions.bankFactor() * 1e6) / 1e6,
        say,
      };
      const site = protocol.open(floor);
      return [
        name,
        {
          name,
          site,
          listings,
          publish(listing: Listing) {
            const { bids, asks, trade } = listing.instrument;
            listing.books++;
            listing.firstId = listing.lastId + 1;
            listing.lastId += Math.max(1, bids.changes.count + asks.changes.count);
            listing.changedAt = nowMs();
            if (trade !== null) listing.tradeId++;
            if (site.published(listing)) write(listing);
          },
        },
      ];
    }),
  );
}
