import type { Shell, ShellContext } from '@arb/shared/runtime';

const EVERY_MS = 40;
const RATE = 1_450;
const PRICES: Readonly<Record<string, number>> = { BTC: 90_000, ETH: 3_000, XRP: 2.5 };
const LEVELS = 10;
/** What a level is worth, in USDT: an order of a few hundred is filled by the first ones. */
const LEVEL_VALUE = 2_000;

/** A market that does what the test says: how much dearer each coin is on upbit than on binance, and whether anything is quoted. */
export interface ScriptedMarket {
  /** By coin, in bps. */
  readonly gaps: Map<string, number>;
  quiet: boolean;
  /** One shell for each session that market-data takes part in. */
  readonly shell: () => Shell;
}

export function scriptedMarket(coins: readonly string[]): ScriptedMarket {
  const gaps = new Map(coins.map((coin) => [coin, 0]));
  let sequence = 0;
  let lastEpoch = 0;
  const market: ScriptedMarket = {
    gaps,
    quiet: false,
    shell: () => {
      let context: ShellContext | null = null;
      let timer: NodeJS.Timeout | null = null;
      let epoch = 0;
      const side = (price: number, sign: 1 | -1, unit: number): [number, number][] =>
        Array.from({ length: LEVELS }, (_, i) => [
          Number((price * (1 + sign * (0.0001 + i * 0.0002)) * unit).toPrecision(9)),
          Number((LEVEL_VALUE / price).toPrecision(6)),
        ]);
      const quote = (): void => {
        if (context === null || market.quiet || !context.holdsLease()) return;
        sequence++;
        const receivedAt = context.time.wallMicros();
        if (sequence % 10 === 1) context.say('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: RATE, tier: 'single', sources: [] });
        for (const coin of coins) {
          const price = PRICES[coin] as number;
          const dear = price * (1 + (gaps.get(coin) ?? 0) / 10_000);
          for (const [venue, symbol, at, unit] of [
            ['upbit', `${coin}-KRW`, dear, RATE],
            ['binance', `${coin}-USDT`, price, 1],
          ] as const) {
            const book = {
              venue,
              symbol,
              epoch,
              sequence,
              exchangeAt: null,
              receivedAt,
              bids: side(at, -1, unit),
              asks: side(at, 1, unit),
            };
            context.say('book', [venue, symbol], book, { at: receivedAt });
          }
        }
      };
      return {
        hears: [],
        onEvent() {},
        onLive(given) {
          context = given;
          epoch = Math.max(lastEpoch + 1, Date.now());
          lastEpoch = epoch;
          timer = setInterval(quote, EVERY_MS);
        },
        onLease() {},
        onEnd() {
          if (timer !== null) clearInterval(timer);
          context = null;
        },
      };
    },
  };
  return market;
}
