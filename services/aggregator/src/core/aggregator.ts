import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import { type Core, type CoreContext, type Json, rateAsOf } from '@arb/shared/core';
import { type CoinBooks, freshUntil, type HeldBook, newCoinBooks, type Prepared, prepare, stateOf } from './coin-books.ts';
import { merge, type Side, type VenueLevel } from './merge.ts';
import { type Conversion, conversionOf, MOST_PAIRS, type SaidRate } from './rates.ts';
import { type Settings, settingsOf } from './settings.ts';
import { VERSION } from './version.ts';

/** As many as a universe may name. One more pushes out the coin that came first. */
const MOST_COINS = 1000;
/** Subjects whose coin and venue are remembered; beyond it they are worked out anew. */
const MOST_PLACES = 16_000;
const STATISTICS_MICROS = 1_000_000;

/** What is worked out of a coin's books once, by the venue's place. */
interface PreparedCoin {
  readonly words: readonly [string];
  readonly symbols: readonly string[];
  readonly sides: (Prepared | null)[];
}

interface Place {
  readonly coin: string;
  readonly venue: number;
}

/** Books of all venues and the exchange rates in; one merged book per coin, in one numeraire, out. */
export function makeAggregator(): Core {
  let settings: Settings | null = null;
  const said = new Map<string, SaidRate>();
  const coins = new Map<string, CoinBooks>();

  // What follows from the state alone, kept so that one new book costs one book.
  let conversions: (Conversion | null)[] = [];
  const places = new Map<string, Place | null>();
  const prepared = new Map<string, PreparedCoin>();

  function start(event: StreamEvent<'session.started'>, context: CoreContext): void {
    forgetBooks(context);
    settings = settingsOf(event.data.config);
    // Every rate is published anew in a new session; what the old one knew is of another stream.
    said.clear();
    places.clear();
    convert(settings);
  }

  /** What was known before a break is not merged with what comes after it. */
  function forgetBooks(context: CoreContext): void {
    for (const coin of coins.keys()) context.clearTimer(coin);
    coins.clear();
    prepared.clear();
  }

  function convert({ venues, numeraire }: Settings): void {
    conversions = venues.map(({ quote }) => conversionOf(said, quote, numeraire));
  }

  function takeRate({ data, position, at }: StreamEvent<'fx'>, settings: Settings): void {
    if (said.size >= MOST_PAIRS && !said.has(data.pair)) return;
    said.set(data.pair, { position, rate: data.rate, at: rateAsOf(data, at) });
    convert(settings);
  }

  function placeOf({ subject, data }: StreamEvent<'book'>, { venues }: Settings): Place | null {
    let place = places.get(subject);
    if (place === undefined) {
      const dash = data.symbol.indexOf('-');
      const quote = data.symbol.slice(dash + 1);
      const venue = venues.findIndex((known) => known.name === data.venue && known.quote === quote);
      place = venue < 0 ? null : { coin: data.symbol.slice(0, dash), venue };
      if (places.size >= MOST_PLACES) places.clear();
      places.set(subject, place);
    }
    return place;
  }

  function takeBook(event: StreamEvent<'book'>, settings: Settings, context: CoreContext): void {
    const place = placeOf(event, settings);
    if (place === null) return;
    const { epoch, receivedAt, lateMs, backup, bids, asks } = event.data;
    const held = coins.get(place.coin) ?? hold(place.coin, settings, context);
    const cut = (levels: readonly VenueLevel[]) => (levels.length > settings.levels ? levels.slice(0, settings.levels) : levels);
    const asOf = receivedAt - (lateMs ?? 0) * 1_000;
    held.books[place.venue] = { position: event.position, epoch, asOf, backup: backup === true, bids: cut(bids), asks: cut(asks) };
    const ready = prepared.get(place.coin);
    if (ready !== undefined) ready.sides[place.venue] = null;
    show(place.coin, held, settings, context);
  }

  function hold(coin: string, { venues }: Settings, context: CoreContext): CoinBooks {
    if (coins.size >= MOST_COINS) {
      const first = coins.keys().next().value as string;
      coins.delete(first);
      prepared.delete(first);
      context.clearTimer(first);
    }
    const held = newCoinBooks(venues.length);
    coins.set(coin, held);
    return held;
  }

  function preparedCoin(coin: string, { venues }: Settings): PreparedCoin {
    let ready = prepared.get(coin);
    if (ready === undefined) {
      ready = { words: [coin], symbols: venues.map(({ quote }) => `${coin}-${quote}`), sides: venues.map(() => null) };
      prepared.set(coin, ready);
    }
    return ready;
  }

  function show(coin: string, held: CoinBooks, settings: Settings, context: CoreContext): void {
    const { numeraire, levels } = settings;
    const now = context.now;
    const ready = preparedCoin(coin, settings);
    const venues: DataOf<'l2'>['venues'][number][] = [];
    const bids: Side[] = [];
    const asks: Side[] = [];
    const basis: number[] = [];
    const restsOn = (position: number): void => {
      if (position !== context.position && !basis.includes(position)) basis.push(position);
    };
    let until = Number.POSITIVE_INFINITY;
    for (let i = 0; i < settings.venues.length; i++) {
      const book = held.books[i] as HeldBook | null;
      const conversion = conversions[i] as Conversion | null;
      const state = stateOf(book, conversion, settings, now);
      held.shown[i] = state;
      const line = {
        venue: (settings.venues[i] as Settings['venues'][number]).name,
        symbol: ready.symbols[i] as string,
        state,
        epoch: book === null ? 0 : book.epoch,
        ageMs: book === null ? null : Math.max(0, now - book.asOf) / 1000,
        rate: conversion === null ? null : 1 / conversion.rate,
      };
      venues.push(book?.backup ? { ...line, backup: true } : line);
      if (book !== null) restsOn(book.position);
      if (conversion !== null) for (const position of conversion.positions) restsOn(position);
      if (state !== 'fresh' || book === null || conversion === null) continue;
      let sides = ready.sides[i] as Prepared | null;
      if (sides === null || sides.rate !== conversion.rate) {
        sides = prepare(i, book, conversion.rate, settings);
        ready.sides[i] = sides;
      }
      bids.push(sides.bids);
      asks.push(sides.asks);
      until = Math.min(until, freshUntil(book, conversion, settings));
    }
    const merged = { coin, numeraire, venues, bids: merge(bids, 'higher', levels), asks: merge(asks, 'lower', levels) };
    const told = count(held, bids.length, settings.venues.length, now);
    context.emit('l2', ready.words, told === null ? merged : { ...merged, statistics: told }, basis);
    checkAfter(coin, held, until, context);
  }

  /** Counts one merge; gives the counts where it is time to say them. */
  function count(held: CoinBooks, fresh: number, all: number, now: number): DataOf<'l2'>['statistics'] | null {
    const { statistics } = held;
    statistics.aggregations++;
    if (fresh === all) statistics.allActive++;
    else if (fresh > 0) statistics.someActive++;
    else statistics.noneActive++;
    if (now - held.statisticsAt < STATISTICS_MICROS) return null;
    held.statisticsAt = now;
    return { ...statistics };
  }

  /**
   * A timer stands whenever a venue is fresh. It may stand too early, for a book that has come since; too late only where a
   * rate has lost its youngest source, and then by no more than a book may be old.
   */
  function checkAfter(coin: string, held: CoinBooks, until: number, context: CoreContext): void {
    if (until === Number.POSITIVE_INFINITY || (held.checkAt !== 0 && held.checkAt <= until + 1)) return;
    held.checkAt = until + 1;
    context.setTimer(coin, held.checkAt);
  }

  /** Silence is news too: a venue that sends nothing more leaves the merge without waiting for another's book. */
  function dropStale(coin: string, held: CoinBooks, settings: Settings, context: CoreContext): void {
    held.checkAt = 0;
    let until = Number.POSITIVE_INFINITY;
    for (let i = 0; i < held.shown.length; i++) {
      if (held.shown[i] !== 'fresh') continue;
      const book = held.books[i] as HeldBook;
      const conversion = conversions[i] as Conversion | null;
      if (stateOf(book, conversion, settings, context.now) !== 'fresh') {
        show(coin, held, settings, context);
        return;
      }
      until = Math.min(until, freshUntil(book, conversion as Conversion, settings));
    }
    checkAfter(coin, held, until, context);
  }

  return {
    version: VERSION,
    schema: 3,
    inputs: ['session.started', 'session.resumed', 'clock', 'book', 'fx'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      else if (settings === null) return;
      else if (event.type === 'book') takeBook(event, settings, context);
      else if (event.type === 'fx') takeRate(event, settings);
      else if (event.type === 'session.resumed') forgetBooks(context);
    },

    /** Timers are named after their coin. */
    onTimer(id: string, context: CoreContext): void {
      const held = coins.get(id);
      if (settings !== null && held !== undefined) dropStale(id, held, settings, context);
    },

    save(): Json {
      const copied = [...coins].map(([coin, { books, shown, statistics, ...rest }]) => [
        coin,
        { books: [...books], shown: [...shown], statistics: { ...statistics }, ...rest },
      ]);
      return { settings, said: [...said], coins: copied } as unknown as Json;
    },

    load(state: Json, schema: number): void {
      const saved = state as unknown as Saved;
      said.clear();
      coins.clear();
      places.clear();
      prepared.clear();
      // Older code kept books and rates of a session that is over: the one that goes on from here publishes them anew.
      settings = schema < 3 ? null : saved.settings;
      if (settings === null) return;
      for (const [pair, rate] of saved.said) said.set(pair, rate);
      for (const [coin, { books, shown, statistics, ...rest }] of saved.coins)
        coins.set(coin, { books: [...books], shown: [...shown], statistics: { ...statistics }, ...rest });
      convert(settings);
    },
  };
}

interface Saved {
  readonly settings: Settings | null;
  readonly said: readonly [string, SaidRate][];
  readonly coins: readonly [string, CoinBooks][];
}
