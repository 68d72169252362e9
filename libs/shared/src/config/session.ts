import type {
  AggregatorConfig,
  AlertingConfig,
  ExecutorConfig,
  JournalConfig,
  LatencyRange,
  MarketConfig,
  MarketVenue,
  PerVenue,
  RiskConfig,
  StrategyConfig,
} from '../core/config.ts';
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

  @Setting(whole(1, 20), 'levels a side of the merged book')
  readonly levels: number = 20;
}

export class Strategy implements StrategyConfig {
  @Setting(numeric(-10_000, 10_000), 'edge after both fees from which a round trip is entered')
  readonly minEdgeBps: number = 15;

  @Setting(numeric(-10_000, 10_000), 'it is closed once going back costs at most this much, fees included')
  readonly exitEdgeBps: number = 2;

  @Setting(whole(1, 86_400), 'time after which it is closed in any case')
  readonly maxHoldSeconds: number = 20;

  @Setting(amount('above 0'), 'size of a round trip, in the numeraire')
  readonly notional: string = '500';

  @Setting(perVenue(numeric(-100, 1000)), 'taker fee of each venue')
  readonly feeBps: PerVenue<number> = { upbit: 5, binance: 10 };

  @Setting(whole(0, DAY_MS), 'pause of a coin after a decision')
  readonly cooldownMs: number = 500;

  @Setting(numeric(0, 100_000), 'edge above which a quote is abnormal, not an opportunity')
  readonly abnormalEdgeBps: number = 500;

  @Setting(whole(1, DAY_MS), 'how long a decision may be acted on')
  readonly decisionTtlMs: number = 1000;
}

export class Risk implements RiskConfig {
  @Setting(amount('from 0'), 'exposure over all coins')
  readonly maxExposure: string = '10000';

  @Setting(amount('from 0'), 'exposure in one coin')
  readonly maxPerCoin: string = '1000';

  @Setting(coin, 'currency of the limits')
  readonly currency: string = 'USDT';

  @Setting(whole(1, DAY_MS), 'lag of the journal from which nothing is entered')
  readonly maxJournalLagMs: number = 5000;

  @Setting(whole(1, DAY_MS), 'age from which a rate is stale')
  readonly staleFxMs: number = 60_000;
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

  @Setting(perVenue(record({ min: numeric(0, 60_000), max: numeric(0, 60_000) })), 'time an order takes to reach each venue')
  readonly latencyMs: PerVenue<LatencyRange> = { upbit: { min: 4, max: 12 }, binance: { min: 2, max: 8 } };

  @Setting(perVenue(dictionary(COIN_WORD, 'currency', amount('from 0'), 1000)), 'what each venue holds at the start')
  readonly openingBalances: PerVenue<Readonly<Record<string, string>>> = {
    upbit: { KRW: '50000000', ...OPENING_COINS },
    binance: { USDT: '40000', ...OPENING_COINS },
  };
}

/** Its rules stand in a file of their own; no setting of it changes what a session decides, so far. */
export class Alerting implements AlertingConfig {}

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

  @Setting(whole(1, 86_400), 'how long the stream keeps what is journaled')
  readonly trimSeconds: number = 60;

  @Setting(whole(1, 3650), 'how long the journal keeps market data')
  readonly retentionDays: number = 30;

  @Setting(whole(0, 1_000_000), 'free disk below which the journal refuses to start')
  readonly minFreeDiskMb: number = 1024;
}
