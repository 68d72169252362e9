import { type AlertingConfig, type AlertRules, ROUTINGS } from '../core/alerting.ts';
import type {
  AggregatorConfig,
  Calibration,
  ExecutorConfig,
  FeeSchedule,
  JournalConfig,
  LatencyRange,
  MarketConfig,
  MarketVenue,
  PerVenue,
  RiskConfig,
  ScoreWeights,
  StrategyConfig,
  TransferTerms,
  UnmatchedConfig,
} from '../core/config.ts';
import { alertRules } from './alert-rules.ts';
import {
  amount,
  COIN_WORD,
  choice,
  coin,
  dictionary,
  flag,
  list,
  numeric,
  optional,
  perVenue,
  record,
  row,
  text,
  VENUE_WORD,
  venueName,
  whole,
} from './rules.ts';
import { Setting } from './setting.ts';

const DAY_MS = 86_400_000;
const PAIR_WORD = /^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}$/;
const GIB = 1024 * 1024 * 1024;

export class Market implements MarketConfig {
  @Setting(choice('simulated', 'live', 'recording'), 'where books come from: the simulator, the public endpoints, files')
  readonly source: MarketConfig['source'] = 'simulated';

  @Setting(list(coin, 1000), 'coins that are watched')
  readonly coins: readonly string[] = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE', 'TRX', 'LINK', 'DOT', 'AVAX'];

  @Setting(
    list(record({ name: venueName, quote: coin }), 16, (venue) => (venue as MarketVenue | null)?.name),
    'venues that are watched, each with the currency its coins are quoted in',
  )
  readonly venues: readonly MarketVenue[] = [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ];

  @Setting(whole(1, 100_000), 'books a second of the simulated source, over all venues and coins')
  readonly booksPerSecond: number = 500;

  @Setting(whole(1, 30), 'levels a side that a book keeps')
  readonly depth: number = 30;

  @Setting(
    text(/^[\x21-\x7e]{1,64}$/, 'a word of 1 to 64 characters', "write it in quotes, such as '1'"),
    'all draws of the session come from it',
  )
  readonly seed: string = '1';

  @Setting(flag(), 'public trades are said too')
  readonly trades: boolean = true;

  @Setting(
    choice('SINGLE', 'FIXED_LIST', 'TOP_N', 'FULL_MARKET'),
    'coins that are traded: the first of market.coins, all of them, the topN best by volume, spread and depth, or every one',
  )
  readonly universe: NonNullable<MarketConfig['universe']> = 'FIXED_LIST';

  @Setting(whole(1, 1000), 'coins of TOP_N, such as 20, 50 or 100')
  readonly topN: number = 20;

  @Setting(numeric(0, 1e15), 'value traded in a day, in the numeraire, below which TOP_N and FULL_MARKET leave a coin out')
  readonly leastVolume: number = 0;

  @Setting(optional(list(coin, 1000)), 'coins that TOP_N and FULL_MARKET take in any case')
  readonly whitelist: readonly string[] | null = null;

  @Setting(optional(list(coin, 1000)), 'coins that are never traded')
  readonly blacklist: readonly string[] | null = null;

  @Setting(whole(1, 86_400), 'time between two looks at which coins are the best')
  readonly universeSeconds: number = 600;

  @Setting(
    dictionary(VENUE_WORD, 'venue', dictionary(COIN_WORD, 'ticker', coin, 1000), 16),
    "coins that only look alike: a venue's ticker, and the name that the coin has everywhere else",
  )
  readonly coinNames: NonNullable<MarketConfig['coinNames']> = {};

  @Setting(whole(1, 86_400), 'time between two questions about wallets, warnings and delistings')
  readonly statusSeconds: number = 60;

  @Setting(whole(1, 86_400), 'time between two questions about the bank rate')
  readonly bankSeconds: number = 10;

  @Setting(
    dictionary(PAIR_WORD, 'pair', numeric(1e-12, 1e12), 16),
    'rates for when no source is left, such as KRW-USDT: 1400; without one there is no rate then',
  )
  readonly staticRates: NonNullable<MarketConfig['staticRates']> = {};

  @Setting(
    dictionary(VENUE_WORD, 'venue', list(text(/^[^\r\n]{1,1000}$/, 'the path of a file', 'write its path'), 1000), 16),
    'files of the source recording by venue; a relative path is looked for in ARB_RECORDINGS',
  )
  readonly recordings: NonNullable<MarketConfig['recordings']> = {};

  @Setting(choice('recorded', 'max'), 'how fast recordings go: as they were recorded, or as fast as they are taken')
  readonly recordingSpeed: NonNullable<MarketConfig['recordingSpeed']> = 'recorded';
}

export class Aggregator implements AggregatorConfig {
  @Setting(coin, 'currency of all merged prices')
  readonly numeraire: string = 'USDT';

  @Setting(whole(1, DAY_MS), 'age from which a venue leaves the merged book')
  readonly staleAfterMs: number = 5000;

  @Setting(whole(1, DAY_MS), 'age from which an exchange rate converts nothing any more')
  readonly staleRateMs: number = 60_000;

  @Setting(whole(1, 20), 'levels a side of the merged book')
  readonly levels: number = 20;
}

const feeSchedule = record({
  volume: amount('from 0'),
  tiers: list(
    record({ from: amount('from 0'), makerBps: numeric(-100, 1000), takerBps: numeric(-100, 1000) }),
    32,
    (tier) => (tier as { from?: unknown } | null)?.from,
  ),
  quotes: dictionary(COIN_WORD, 'currency', numeric(0, 1), 100),
});

/** Usual fees and times of the networks; a coin that is not named is not sent. */
const TRANSFERS: Readonly<Record<string, TransferTerms>> = {
  BTC: { seconds: 1800, fee: '0.0002', minimum: '0.001' },
  ETH: { seconds: 300, fee: '0.0015', minimum: '0.01' },
  XRP: { seconds: 60, fee: '0.25', minimum: '20' },
  SOL: { seconds: 60, fee: '0.01', minimum: '0.1' },
  ADA: { seconds: 300, fee: '1', minimum: '10' },
  DOGE: { seconds: 1200, fee: '5', minimum: '50' },
  TRX: { seconds: 120, fee: '1', minimum: '10' },
  LINK: { seconds: 300, fee: '0.5', minimum: '2' },
  DOT: { seconds: 300, fee: '0.1', minimum: '1' },
  AVAX: { seconds: 120, fee: '0.01', minimum: '0.1' },
  USDT: { seconds: 120, fee: '1', minimum: '10' },
};

export class Strategy implements StrategyConfig {
  @Setting(numeric(-10_000, 10_000), 'edge after all costs from which a round trip is entered')
  readonly minEdgeBps: number = 15;

  @Setting(numeric(-10_000, 10_000), 'the spread has reversed: it is closed once going back costs at most this much, fees included')
  readonly exitEdgeBps: number = 2;

  @Setting(
    numeric(-10_000, 10_000),
    'what the whole round trip must bring after all costs of both ways, if the premium between the two venues comes back to its mean',
  )
  readonly minRoundTripBps: number = 15;

  @Setting(
    numeric(0, 10_000),
    'how far the loss of entering and leaving at once must be from strategy.stopLossBps: nearer, the usual noise would stop it',
  )
  readonly minStopRoomBps: number = 20;

  @Setting(whole(1, 86_400), 'time that the mean of a premium looks back')
  readonly premiumSeconds: number = 20;

  @Setting(whole(0, 86_400), 'time that a premium must have been seen before anything is entered on it')
  readonly premiumWarmUpSeconds: number = 5;

  @Setting(numeric(0, 10_000), 'profit of the whole round trip, going back included, from which it is closed')
  readonly takeProfitBps: number = 25;

  @Setting(numeric(0, 10_000), 'loss of the whole round trip, going back included, from which it is closed')
  readonly stopLossBps: number = 60;

  @Setting(whole(1, 86_400), 'time after which it is closed in any case')
  readonly maxHoldSeconds: number = 20;

  @Setting(amount('above 0'), 'size of a round trip, in the numeraire')
  readonly notional: string = '500';

  @Setting(perVenue(numeric(-100, 1000)), 'taker fee of each venue')
  readonly feeBps: PerVenue<number> = { upbit: 5, binance: 10 };

  @Setting(choice('config', 'venue'), 'whose fees count where both are known: those written here, or those that the venue says')
  readonly feesFrom: StrategyConfig['feesFrom'] = 'config';

  @Setting(dictionary(VENUE_WORD, 'venue', feeSchedule, 16), 'fees by volume and quote currency; goes over feeBps')
  readonly feeSchedules: Readonly<Record<string, FeeSchedule>> = {};

  @Setting(numeric(0, 1000), 'cost of turning money of another currency into the numeraire, for each leg in one')
  readonly fxCostBps: number = 0.5;

  @Setting(numeric(0, 1000), 'slippage expected of a leg at a venue that has filled nothing yet')
  readonly slippageBps: number = 0.5;

  @Setting(numeric(0, 1000), 'cost of restoring the inventory after a round that leaves one venue with all of a coin')
  readonly inventoryCostBps: number = 2;

  @Setting(
    record({ spread: numeric(0, 1000), health: numeric(0, 1000), fees: numeric(0, 1000), inventory: numeric(0, 1000) }),
    'what the four parts of the score weigh',
  )
  readonly scoreWeights: ScoreWeights = { spread: 40, health: 30, fees: 20, inventory: 10 };

  @Setting(numeric(0.1, 10_000), 'edge that gives the full score for the spread')
  readonly fullEdgeBps: number = 50;

  @Setting(numeric(0, 100), 'score from which a route is entered')
  readonly minScore: number = 40;

  @Setting(whole(1, 1000), 'round trips that are open at once')
  readonly maxOpenTrips: number = 10;

  @Setting(whole(1, 100), 'round trips that are open at once in one coin')
  readonly maxTripsPerCoin: number = 1;

  @Setting(whole(0, DAY_MS), 'pause of a coin after a decision')
  readonly cooldownMs: number = 500;

  @Setting(numeric(0, 100_000), 'edge above which a quote is abnormal, not an opportunity')
  readonly abnormalEdgeBps: number = 500;

  @Setting(whole(1, DAY_MS), 'how long a decision may be acted on')
  readonly decisionTtlMs: number = 1000;

  @Setting(whole(100, DAY_MS), 'the same refusal of the same route is said once in this time')
  readonly refusalMs: number = 5000;

  @Setting(numeric(0, 1), 'imbalance of a coin between two venues from which inventory is moved')
  readonly rebalanceImbalance: number = 0.3;

  @Setting(numeric(0, 1), 'part of what a venue holds that stands in coins, from which inventory is moved')
  readonly rebalanceExposure: number = 0.8;

  @Setting(whole(1, 86_400), 'least time between two moves of the same coin')
  readonly rebalanceSeconds: number = 300;

  @Setting(
    dictionary(COIN_WORD, 'currency', record({ seconds: whole(0, 86_400), fee: amount('from 0'), minimum: amount('from 0') }), 1000),
    'what sending a coin or money from venue to venue takes',
  )
  readonly transfers: Readonly<Record<string, TransferTerms>> = TRANSFERS;
}

/** In the order of the five tiers. Amounts are in `risk.currency`; a limit is reached, not broken, by its own value. */
export class Risk implements RiskConfig {
  @Setting(coin, 'currency of all amounts of this section')
  readonly currency: string = 'USDT';

  @Setting(amount('above 0'), 'equity begins here; what is allotted to a coin is a part of it')
  readonly capital: string = '10000';

  @Setting(amount('above 0'), 'an entry reduced below this is refused: it would not be worth its fees')
  readonly leastNotional: string = '100';

  // 1. Exchange

  @Setting(amount('from 0'), 'exposure at one venue: every open round trip counts at both of its venues')
  readonly maxPerVenue: string = '10000';

  @Setting(amount('above 0'), 'loss of the day, over round trips with a leg at the venue, that closes it to entries until the day ends')
  readonly maxVenueDailyLoss: string = '1000';

  @Setting(numeric(0, 1), 'part of the size that may be entered at a venue that is DEGRADED')
  readonly degradedShare: number = 0.5;

  // 2. Route: a coin, where it is bought, where it is sold

  @Setting(amount('from 0'), 'exposure on one route')
  readonly maxPerRoute: string = '1000';

  @Setting(whole(1, 1000), 'entries on one route within risk.routeWindowMs')
  readonly maxEntriesPerRoute: number = 30;

  @Setting(whole(1, DAY_MS), 'time over which entries on a route are counted')
  readonly routeWindowMs: number = 60_000;

  @Setting(whole(1, 1000), 'losses in a row after which a route rests for risk.routeCooldownMs')
  readonly maxRouteLossesInRow: number = 4;

  @Setting(whole(1, DAY_MS), 'rest of a route after losses in a row')
  readonly routeCooldownMs: number = 30_000;

  // 3. Symbol

  @Setting(amount('from 0'), 'size of one round trip; less in high volatility')
  readonly maxPositionSize: string = '1000';

  @Setting(
    numeric(0.01, 10_000),
    'root mean square of the moves from sample to sample above which the size shrinks: at twice this, to half',
  )
  readonly highVolatilityBps: number = 50;

  @Setting(whole(100, 3_600_000), 'time between two samples of the price of a coin')
  readonly volatilitySampleMs: number = 10_000;

  @Setting(whole(1, 1000), 'open round trips of one coin')
  readonly maxTripsPerCoin: number = 2;

  @Setting(amount('from 0'), 'exposure in one coin')
  readonly maxPerCoin: string = '2000';

  @Setting(numeric(0, 1), 'part of the equity (capital and what was earned since) that one coin may take')
  readonly maxAllocation: number = 0.3;

  @Setting(whole(1, 1000), 'losses in a row after which a coin rests for risk.coinCooldownMs; 1: after every loss')
  readonly maxCoinLossesInRow: number = 3;

  @Setting(whole(1, DAY_MS), 'rest of a coin after losses in a row')
  readonly coinCooldownMs: number = 30_000;

  @Setting(amount('above 0'), 'loss of the day in one coin that closes it to entries until the day ends')
  readonly maxCoinDailyLoss: string = '500';

  @Setting(numeric(1, 10_000), 'move of a price within risk.volatilitySampleMs that breaks the circuit of its coin')
  readonly breakerMoveBps: number = 200;

  @Setting(whole(1, DAY_MS), 'how long the circuit of a coin stays broken')
  readonly breakerMs: number = 60_000;

  // 4. Portfolio

  @Setting(amount('from 0'), 'exposure over all coins')
  readonly maxExposure: string = '10000';

  @Setting(amount('above 0'), 'loss of the day from which positions are only reduced, until the day ends or go-on')
  readonly maxDailyLoss: string = '1000';

  @Setting(choice('UTC', 'KST'), 'whose midnight begins the day')
  readonly dayBoundary: 'UTC' | 'KST' = 'UTC';

  @Setting(amount('above 0'), 'fall of the equity below its peak from which positions are only reduced, until go-on')
  readonly maxDrawdown: string = '1500';

  @Setting(amount('above 0'), 'loss of the day or fall from the peak at which everything halts, until go-on')
  readonly emergencyStop: string = '2000';

  @Setting(numeric(0, 1), "difference of the cash at an entry's two venues, of their sum: 1 is all of it where the coin is sold")
  readonly maxCashImbalance: number = 0.9;

  // 5. Cross-exchange

  @Setting(amount('from 0'), 'exposure between two venues, over all coins')
  readonly maxPerVenuePair: string = '10000';

  @Setting(numeric(0, 1), 'exposure that goes one way between two venues less what goes the other way, of risk.maxExposure')
  readonly maxDirectionalBias: number = 0.8;

  @Setting(numeric(0, 1), "difference of a coin's holdings at an entry's two venues, of their sum: 1 is all of it where it is bought")
  readonly maxInventoryImbalance: number = 0.9;

  @Setting(whole(1, 1000), 'losses in a row over all coins from which positions are only reduced for risk.lossBreakerMs')
  readonly maxLossesInRow: number = 10;

  @Setting(whole(1, DAY_MS), 'how long positions are only reduced after losses in a row')
  readonly lossBreakerMs: number = 60_000;

  @Setting(whole(1, DAY_MS), 'age from which a rate is stale')
  readonly staleFxMs: number = 60_000;

  @Setting(flag(), 'enter on a rate that no market says, the bank or the configuration: for recordings without a market of their own')
  readonly enterOnStandInFx: boolean = false;

  @Setting(whole(1, DAY_MS), 'lag of the journal from which nothing is entered')
  readonly maxJournalLagMs: number = 5000;

  @Setting(numeric(0, 1), 'fill of the stream from which nothing is entered, so that exits and unwinds still have room')
  readonly maxStreamFill: number = 0.8;
}

/** Enough of each coin to sell for a while; what a venue does not hold, it cannot sell. */
const OPENING_COINS = {
  BTC: '0.5',
  ETH: '10',
  XRP: '20000',
  SOL: '150',
  ADA: '40000',
  DOGE: '100000',
  TRX: '100000',
  LINK: '1500',
  DOT: '4000',
  AVAX: '800',
};

export class Executor implements ExecutorConfig {
  @Setting(choice('simple', 'depth', 'calibrated', 'queue'), 'how a paper order is filled')
  readonly fillModel: ExecutorConfig['fillModel'] = 'depth';

  @Setting(
    record({
      version: whole(1, 1_000_000),
      edgeBps: row(numeric(-10_000, 10_000), 0, 7),
      size: row(numeric(0, 1000), 0, 7),
      volatilityBps: row(numeric(0, 10_000), 0, 7),
      ratios: row(numeric(0, 1), 1, 64),
    }),
    'how much of an order the calibrated fill model fills, by zone of edge, size and volatility',
  )
  readonly calibration: Calibration = {
    version: 1,
    edgeBps: [30],
    size: [0.25, 0.75],
    volatilityBps: [5],
    ratios: [1, 0.95, 0.95, 0.85, 0.8, 0.6, 0.95, 0.85, 0.85, 0.7, 0.6, 0.4],
  };

  @Setting(choice('IOC', 'FOK'), 'what a leg does with a part that does not fill at once: that part goes (IOC), or all of it (FOK)')
  readonly timeInForce: ExecutorConfig['timeInForce'] = 'IOC';

  @Setting(numeric(0, 1), 'share of orders that a venue does not take, drawn')
  readonly sendErrorRate: number = 0;

  @Setting(
    record({
      policy: choice('cancel', 'reverse', 'proceed'),
      priceLimitBps: numeric(0, 5000),
      timeLimitMs: whole(1, 3_600_000),
      pauseMs: whole(1, 3_600_000),
    }),
    'what one leg filled and the other did not: leave it, take it back, or send the rest again; within a price and a time limit',
  )
  readonly unmatched: UnmatchedConfig = { policy: 'reverse', priceLimitBps: 500, timeLimitMs: 5000, pauseMs: 1000 };

  @Setting(perVenue(record({ min: numeric(0, 60_000), max: numeric(0, 60_000) })), 'time an order takes to reach each venue')
  readonly latencyMs: PerVenue<LatencyRange> = { upbit: { min: 4, max: 12 }, binance: { min: 2, max: 8 } };

  @Setting(perVenue(dictionary(COIN_WORD, 'currency', amount('from 0'), 1000)), 'what each venue holds at the start')
  readonly openingBalances: PerVenue<Readonly<Record<string, string>>> = {
    upbit: { KRW: '50000000', ...OPENING_COINS },
    binance: { USDT: '40000', ...OPENING_COINS },
  };

  @Setting(whole(1, 86_400), 'time between two `kpi` events')
  readonly kpiSeconds: number = 10;
}

export class Alerting implements AlertingConfig {
  @Setting(choice(...ROUTINGS), 'which of the routes of the rules is taken')
  readonly routing: AlertingConfig['routing'] = 'production';

  @Setting(optional(alertRules), 'the rules themselves: read from the file that infrastructure.alertRulesFile names')
  readonly rules: AlertRules | null = null;
}

export class Journal implements JournalConfig {
  @Setting(whole(10, 10_000), 'time between two `clock` events')
  readonly clockMs: number = 100;

  @Setting(whole(1, 100_000), 'most rows of one batch')
  readonly batchRows: number = 2000;

  @Setting(whole(1, 1000), 'longest wait for a batch to fill')
  readonly batchMs: number = 20;

  @Setting(whole(1, 10_000), 'least time between two `journal.committed` events')
  readonly committedMs: number = 50;

  @Setting(whole(1024 * 1024, 1024 * GIB), 'bytes from which the stream refuses more')
  readonly streamMaxBytes: number = GIB;

  @Setting(whole(15, 86_400), 'how long the stream keeps what is journaled')
  readonly trimSeconds: number = 60;

  @Setting(whole(1, 3650), 'how long the journal keeps market data')
  readonly retentionDays: number = 30;

  @Setting(whole(0, 1_000_000), 'free disk below which the journal refuses to start')
  readonly minFreeDiskMb: number = 1024;
}
