import { PROFILES, type ProfileName } from '@arb/simulator/events';
import { type Campaign, playMarket } from './campaign.ts';
import { coinsApart } from './coins-apart.ts';
import { always, atLeast, type Expectation, none, winRateBetween } from './expectation.ts';
import type { Results } from './results.ts';
import { BEGIN } from './run-session.ts';

/** With fills at the depth there is, no market gives less or more winners than this. */
const LEAST_WINS = 0.3;
const MOST_WINS = 0.8;
const WIN_RATES = { mixed: [0.4, 0.6], favourable: [0.6, MOST_WINS], adverse: [LEAST_WINS, 0.5] } as const;
/** Coins whose steps of price are small beside the edge. */
const PORTFOLIO = ['BTC', 'ETH', 'XRP', 'SOL', 'LINK', 'AVAX'];
const TEN = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE', 'TRX', 'LINK', 'DOT', 'AVAX'];
/** Trips from which a win rate says something. */
const LEAST_TRIPS = 30;
const BOOKS_PER_SECOND = 2;
const HOUR_MICROS = 3_600_000_000;
/** What would end the day's trading before the day: limits on losses, and a capital that is used up. */
const THROUGH_THE_DAY = {
  capital: '1000000',
  maxDailyLoss: '1000000',
  maxVenueDailyLoss: '1000000',
  maxCoinDailyLoss: '1000000',
  maxDrawdown: '1000000',
  emergencyStop: '1000000',
} as const;

/** Every campaign there is, in the order in which they are listed. */
export const CAMPAIGNS: readonly Campaign[] = [
  oneCoin('C1', WIN_RATES.mixed),
  oneCoin('C2', WIN_RATES.favourable),
  oneCoin('C3', WIN_RATES.adverse),
  twoCoins('M1', [WIN_RATES.favourable, WIN_RATES.favourable]),
  twoCoins('M2', [WIN_RATES.favourable, WIN_RATES.adverse]),
  twoCoins('M3', [WIN_RATES.adverse, WIN_RATES.adverse]),
  portfolio('P1'),
  portfolio('P2'),
  portfolio('P3'),
  fiveMinutes(),
  day(),
];

function oneCoin(name: ProfileName, [least, most]: readonly [number, number]): Campaign {
  return {
    name,
    says: PROFILES[name].says,
    hours: 2,
    byDefault: true,
    async run(options) {
      const { results, audit } = await playMarket({ coins: ['BTC'], profile: name, booksPerSecond: BOOKS_PER_SECOND }, options);
      const expectations = [winRateBetween('win rate', results.all, least, most), tradedEnough(results), ...always(results, audit)];
      return { rows: [{ what: 'BTC', ...results }], expectations };
    },
  };
}

function twoCoins(name: ProfileName, rates: readonly (readonly [number, number])[]): Campaign {
  const says = `${PROFILES[name].says}; each does what it does alone`;
  return { name, says, hours: 2, byDefault: true, run: (options) => coinsApart(name, ['BTC', 'ETH'], rates, BOOKS_PER_SECOND, options) };
}

function portfolio(name: ProfileName): Campaign {
  return {
    name,
    says: `${PROFILES[name].says}: equity is capital and results, at all times`,
    hours: 0.5,
    byDefault: true,
    async run(options) {
      const { results, audit } = await playMarket({ coins: PORTFOLIO, profile: name, booksPerSecond: BOOKS_PER_SECOND }, options);
      const coins = Object.entries(results.byCoin).filter(([, tally]) => tally.exits > 0);
      const expectations = [
        winRateBetween('win rate', results.all, LEAST_WINS, MOST_WINS),
        atLeast('coins that traded', coins.length, PORTFOLIO.length),
        ...always(results, audit),
      ];
      return { rows: [{ what: 'all', ...results }], expectations };
    },
  };
}

function fiveMinutes(): Campaign {
  return {
    name: 'minutes',
    says: 'five minutes of the everyday market: the books vary, both sides fill, no coin is without a source',
    hours: 1 / 12,
    byDefault: true,
    async run(options) {
      const market = { coins: ['BTC', 'ETH', 'XRP'], profile: 'lively', booksPerSecond: 10 } as const;
      const { results, audit, volumes } = await playMarket(market, options);
      const expectations = [
        atLeast('std/mean of the volume on the bids', volumes.bids, 0.1),
        atLeast('std/mean of the volume on the asks', volumes.asks, 0.1),
        atLeast('std/mean of the volume on offer to what was bought', volumes.bought, 0.1),
        atLeast('std/mean of the volume on offer to what was sold', volumes.sold, 0.1),
        none('merged books without an active source', volumes.noneActive),
        none(
          'orders that found no book',
          Object.keys(results.notFilled).filter((why) => why.includes('book is') || why.includes('no book')),
        ),
        ...always(results, audit),
      ];
      return { rows: [{ what: 'all', ...results }], expectations };
    },
  };
}

function day(): Campaign {
  return {
    name: 'day',
    says: 'a day of ten coins at two venues, a book of each every second, without a limit on what it may lose',
    hours: 24,
    byDefault: false,
    async run(options) {
      const market = { coins: TEN, profile: 'P2', booksPerSecond: 1, risk: THROUGH_THE_DAY } as const;
      const { results, audit } = await playMarket(market, options);
      const lastHour = ((results.lastEndedAt ?? BEGIN) - BEGIN) / HOUR_MICROS;
      const expectations = [
        winRateBetween('win rate', results.all, LEAST_WINS, MOST_WINS),
        tradedEnough(results),
        atLeast('hours until the last round trip ended', lastHour, options.hours - 0.5),
        ...always(results, audit),
      ];
      return { rows: [{ what: 'all', ...results }], expectations };
    },
  };
}

function tradedEnough({ all }: Results): Expectation {
  return atLeast('round trips that ended', all.exits, LEAST_TRIPS);
}
