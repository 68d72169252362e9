import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import { merge, type Side, type VenueLevel } from './merge.ts';
import { type Settings, settingsOf } from './settings.ts';
import { VERSION } from './version.ts';

/** A venue's newest book of one coin. */
interface HeldBook {
  readonly position: number;
  readonly epoch: number;
  readonly receivedAt: number;
  readonly bids: readonly VenueLevel[];
  readonly asks: readonly VenueLevel[];
}

interface HeldRate {
  readonly position: number;
  /** The quote currency's price of one numeraire. */
  readonly rate: number;
}

type VenueState = DataOf<'l2'>['venues'][number]['state'];

interface CoinBooks {
  /** By the venue's place in the configuration. */
  readonly books: (HeldBook | null)[];
  /** As the last l2 said, to see when a venue has gone stale since. */
  shown: VenueState[];
}

/** As many as a universe may name. One more pushes out the coin that came first. */
const MOST_COINS = 1000;
const OWN_RATE: HeldRate = { position: 0, rate: 1 };

/** Books of all venues and the exchange rate in; one merged book per coin, in one numeraire, out. */
export function makeAggregator(): Core {
  let settings: Settings | null = null;
  const rates = new Map<string, HeldRate>();
  const coins = new Map<string, CoinBooks>();

  function start(event: StreamEvent<'session.started'>): void {
    settings = settingsOf(event.data.config);
    // Every book and rate is published anew in a new session; what the old one knew is of another stream.
    rates.clear();
    coins.clear();
  }

  function takeRate(event: StreamEvent<'fx'>, { numeraire, venues }: Settings): void {
    const quote = venues.find((venue) => event.data.pair === `${venue.quote}-${numeraire}`)?.quote;
    if (quote !== undefined) rates.set(quote, { position: event.position, rate: event.data.rate });
  }

  function takeBook(event: StreamEvent<'book'>, settings: Settings, context: CoreContext): void {
    const { venue, symbol, epoch, receivedAt, bids, asks } = event.data;
    const dash = symbol.indexOf('-');
    const place = settings.venues.findIndex(
      ({ name, quote }) => name === venue && symbol.endsWith(quote) && symbol.length === dash + 1 + quote.length,
    );
    if (place < 0) return;
    const coin = symbol.slice(0, dash);
    const held = coins.get(coin) ?? hold(coin, settings);
    held.books[place] = { position: event.position, epoch, receivedAt, bids, asks };
    show(coin, held, settings, context);
  }

  function hold(coin: string, { venues }: Settings): CoinBooks {
    if (coins.size >= MOST_COINS) coins.delete(coins.keys().next().value as string);
    const held: CoinBooks = { books: venues.map(() => null), shown: venues.map(() => 'absent') };
    coins.set(coin, held);
    return held;
  }

  function rateOf(quote: string, numeraire: string): HeldRate | undefined {
    return quote === numeraire ? OWN_RATE : rates.get(quote);
  }

  function stateOf(book: HeldBook | null, rate: HeldRate | undefined, settings: Settings, now: number): VenueState {
    if (book === null || rate === undefined) return 'absent';
    return now - book.receivedAt > settings.staleAfterMicros ? 'stale' : 'fresh';
  }

  function show(coin: string, held: CoinBooks, settings: Settings, context: CoreContext): void {
    const { numeraire, levels } = settings;
    const venues: DataOf<'l2'>['venues'][number][] = [];
    const bids: Side[] = [];
    const asks: Side[] = [];
    const basis: number[] = [];
    const restsOn = (position: number): void => {
      if (position !== 0 && position !== context.position && !basis.includes(position)) basis.push(position);
    };
    const shown: VenueState[] = [];
    for (let i = 0; i < settings.venues.length; i++) {
      const { name, quote } = settings.venues[i] as Settings['venues'][number];
      const book = held.books[i] as HeldBook | null;
      const rate = rateOf(quote, numeraire);
      const state = stateOf(book, rate, settings, context.now);
      shown.push(state);
      venues.push({
        venue: name,
        symbol: `${coin}-${quote}`,
        state,
        epoch: book === null ? 0 : book.epoch,
        ageMs: book === null ? null : Math.max(0, context.now - book.receivedAt) / 1000,
        rate: rate === undefined ? null : 1 / rate.rate,
      });
      if (book !== null) restsOn(book.position);
      if (rate !== undefined) restsOn(rate.position);
      if (state !== 'fresh') continue;
      bids.push({ venue: i, levels: (book as HeldBook).bids, rate: (rate as HeldRate).rate });
      asks.push({ venue: i, levels: (book as HeldBook).asks, rate: (rate as HeldRate).rate });
    }
    held.shown = shown;
    const data = { coin, numeraire, venues, bids: merge(bids, 'higher', levels), asks: merge(asks, 'lower', levels) };
    context.emit('l2', [coin], data, basis);
  }

  /** Silence is news too: a venue that sends nothing more leaves the merge without waiting for another's book. */
  function dropStale(settings: Settings, context: CoreContext): void {
    for (const [coin, held] of coins) {
      for (let i = 0; i < held.shown.length; i++) {
        const book = held.books[i] as HeldBook | null;
        if (held.shown[i] !== 'fresh' || book === null || context.now - book.receivedAt <= settings.staleAfterMicros) continue;
        show(coin, held, settings, context);
        break;
      }
    }
  }

  return {
    version: VERSION,
    schema: 1,
    inputs: ['session.started', 'clock', 'book', 'fx'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event);
      else if (settings === null) return;
      else if (event.type === 'book') takeBook(event, settings, context);
      else if (event.type === 'fx') takeRate(event, settings);
      else if (event.type === 'clock') dropStale(settings, context);
    },

    onTimer(id: string): void {
      throw new Error(`aggregator: sets no timer, but was called by timer ${id}`);
    },

    save(): Json {
      return { settings, rates: [...rates], coins: [...coins] } as unknown as Json;
    },

    load(state: Json): void {
      const saved = structured(state);
      settings = saved.settings;
      rates.clear();
      coins.clear();
      for (const [quote, rate] of saved.rates) rates.set(quote, rate);
      for (const [coin, { books, shown }] of saved.coins) coins.set(coin, { books: [...books], shown: [...shown] });
    },
  };
}

function structured(state: Json) {
  return state as unknown as { settings: Settings | null; rates: [string, HeldRate][]; coins: [string, CoinBooks][] };
}
