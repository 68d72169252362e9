import type { DataOf, Leg } from '@arb/shared/contracts';
import { add, formatDecimal, negate, parseDecimal } from '@arb/shared/money';
import type { SavedLedger } from './ledger.ts';
import type { SavedDesk } from './saved.ts';
import { newStats } from './stats.ts';
import { baseOf, type LegState, newTrip, type Phase, quoteOf, type Trip } from './trip.ts';
import type { Levels, Taken } from './venue-book.ts';

interface FirstWorking {
  readonly order: string;
  readonly side: Leg['side'];
  readonly quantity: string;
  readonly limit: string;
  readonly expected: string;
  readonly unwinds: boolean;
}
interface FirstLeg {
  readonly venue: string;
  readonly symbol: string;
  readonly side: Leg['side'];
  readonly filled: string;
  readonly tries: number;
  readonly working: FirstWorking | null;
  readonly waiting: boolean;
  readonly pausedUntil: number;
  readonly reason: string | null;
}
interface FirstTrip {
  readonly id: string;
  readonly coin: string;
  readonly route: DataOf<'decision'>['route'];
  readonly quantity: string;
  readonly exits: number;
  readonly phase: (Pick<Phase, 'kind' | 'name' | 'verdict' | 'everFilled'> & { readonly legs: readonly [FirstLeg, FirstLeg] }) | null;
  readonly account: {
    readonly flows: [string, string][];
    readonly gross: string | null;
    readonly fees: string | null;
    readonly lastPrice: string | null;
  };
}
interface FirstBook {
  readonly position: number;
  readonly bids: Levels;
  readonly asks: Levels;
  readonly takenBids: readonly Taken[];
  readonly takenAsks: readonly Taken[];
}

/** What schema 1 saved. Its trips knew no split of their result: all of it counts as spread. */
export interface SavedFirst {
  readonly halted: boolean;
  readonly ledger: SavedLedger;
  readonly books: readonly [key: string, book: FirstBook][];
  readonly rates: readonly [currency: string, { readonly rate: string; readonly position: number | null }][];
  readonly trips: readonly FirstTrip[];
}

export function fromFirstSchema(first: SavedFirst): SavedDesk {
  const books = new Map<string, [string, SavedDesk['books'][number][1][number][1]][]>();
  for (const [key, book] of first.books) {
    const [venue, symbol] = key.split('/') as [string, string];
    const ofVenue = books.get(venue) ?? [];
    books.set(venue, ofVenue);
    // Its age is not known, so it counts as of an earlier session.
    ofVenue.push([symbol, { ...book, asOf: 0, backup: false, live: false, mid: 0, volatilityBps: 0 }]);
  }
  const rates = new Map(first.rates);
  return {
    modes: { commanded: first.halted ? 'HALTED' : 'ACTIVE', guarded: 'ACTIVE' },
    ledger: first.ledger,
    tally: null,
    traded: [],
    books: [...books],
    health: [],
    instruments: [],
    rates: first.rates.map(([currency, { rate }]) => [currency, { rate, by: 'division' }]),
    ratePositions: first.rates.flatMap(([currency, { position }]) => (position === null ? [] : [[currency, position] as const])),
    trips: first.trips.map((trip) => tripFrom(trip, (currency) => rates.get(currency)?.rate ?? '1')),
    transfers: [],
    begun: { recent: first.trips.map(({ id }) => id), floors: [] },
    stats: newStats(0),
  };
}

function tripFrom({ id, coin, route, quantity, exits, phase, account }: FirstTrip, rateOf: (currency: string) => string): Trip {
  const gross = account.gross ?? '0';
  const fees = formatDecimal(negate(parseDecimal(account.fees ?? '0')));
  return {
    ...newTrip(id, { coin, route, notional: null, edgeBps: null, score: null, rule: null }, 0),
    quantity,
    exits,
    account: {
      flows: account.flows,
      valued: formatDecimal(add(parseDecimal(gross), parseDecimal(fees))),
      kept: '0',
      parts: { enterSpread: gross, fees },
    },
    phase:
      phase === null
        ? null
        : {
            ...phase,
            legs: phase.legs.map((leg) => legFrom(leg, rateOf)) as [LegState, LegState],
            edgeBps: 0,
            policy: 'reverse',
            since: null,
            until: null,
            policyTries: 0,
            gap: 0,
            gapSince: 0,
            kept: null,
          },
  };
}

function legFrom(
  { venue, symbol, side, filled, tries, working, waiting, pausedUntil, reason }: FirstLeg,
  rateOf: (currency: string) => string,
): LegState {
  const quote = quoteOf(symbol);
  const expected = working?.expected ?? '1';
  return {
    venue,
    symbol,
    side,
    limit: working?.limit ?? '1',
    expected,
    sentAtBest: expected,
    conversion: { rate: rateOf(quote), by: 'division' },
    filled,
    tries,
    waiting,
    pausedUntil,
    reason,
    working:
      working === null
        ? null
        : {
            order: working.order,
            side: working.side,
            quantity: working.quantity,
            limit: working.limit,
            purpose: working.unwinds ? 'unwind' : 'leg',
            feeRate: null,
            // It had put nothing aside: its balance is looked at when it is at the venue.
            reserved: { currency: working.side === 'buy' ? quote : baseOf(symbol), amount: '0' },
            arrivesAt: 0,
            latencyMs: 0,
            state: 'intended',
            filled: '0',
          },
  };
}
