import type { Shell, ShellContext } from '@arb/shared/runtime';
import type { Process, Random } from '@arb/shared/simulation';

/** One book that a market-data process has said: what the checkers hold the journal against. */
export interface SaidBook {
  readonly process: string;
  readonly boot: string;
  readonly session: string;
  readonly sequence: number;
  /** µs of world time. */
  readonly at: number;
}

/** The market as all market-data processes see it: one sequence for all, so that no two books are alike. */
export interface Market {
  sequence: number;
  /** Nothing is said any more: for the end of a run. */
  closed: boolean;
  readonly said: SaidBook[];
}

const VENUES = [
  ['upbit', 'BTC-KRW'],
  ['binance', 'BTC-USDT'],
] as const;

/** Says books at an irregular rate while it holds the lease. */
export function marketShell(market: Market, process: Process, random: Random, ignoresLease = false): Shell {
  let context: ShellContext | null = null;
  let over = false;
  const sayBook = (index: number): void => {
    if (context === null || market.closed) return;
    const [venue, symbol] = VENUES[index % VENUES.length] as (typeof VENUES)[number];
    const sequence = market.sequence + 1;
    const receivedAt = process.time.wallMicros();
    const price = 100 + (sequence % 17);
    const said = context.say(
      'book',
      [venue, symbol],
      { venue, symbol, epoch: 1, sequence, exchangeAt: null, receivedAt, bids: [[price, 1]], asks: [[price + 1, 2]] },
      { at: receivedAt },
    );
    if (!said) return;
    market.sequence = sequence;
    market.said.push({ process: process.name, boot: context.boot, session: context.session, sequence, at: process.world.now });
  };
  const next = (): void => {
    const ms = random.chance(0.1) ? random.between(200, 600) : random.between(5, 120);
    process.time.after(ms, () => {
      if (over || context === null) return;
      if (ignoresLease || context.holdsLease()) for (let left = random.chance(0.05) ? 12 : 1; left > 0; left--) sayBook(random.below(2));
      next();
    });
  };
  return {
    hears: [],
    onEvent() {},
    onLive(given) {
      context = given;
      next();
    },
    onLease(held) {
      // Whoever takes over says everything anew.
      if (held) for (let index = 0; index < VENUES.length; index++) sayBook(index);
    },
    onEnd() {
      over = true;
    },
  };
}

/** Delivers each alert once it is taken, while it holds the lease. */
export function alertShell(): Shell {
  let context: ShellContext | null = null;
  return {
    hears: ['alert'],
    onEvent(event, live) {
      if (!live || event.type !== 'alert' || context?.holdsLease() !== true) return;
      const { id, key } = event.data;
      context.say('alert.delivery', ['p2'], { id, key, channel: 'test', state: 'sent', tries: 1, detail: null }, { cause: event.position });
    },
    onLive(given) {
      context = given;
    },
    onLease() {},
    onEnd() {
      context = null;
    },
  };
}
