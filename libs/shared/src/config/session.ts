import { type AlertingConfig, type AlertRules, ROUTINGS } from '../core/alerting.ts';
import type {
  AggregatorConfig,
  ExecutorConfig,
  JournalConfig,
  LatencyRange,
  MarketConfig,
  MarketVenue,
  PerVenue,
  RiskConfig,
  StrategyConfig,
} from '../core/config.ts';
import { alertRules } from './alert-rules.ts';
import { amount, COIN_WORD, choice, coin, dictionary, list, numeric, optional, perVenue, record, text, venueName, whole } from './rules.ts';
import { Setting } from './setting.ts';

const DAY_MS = 86_400_000;
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

  @Setting(whole(1, 200), 'levels a side that a book keeps')
  readonly depth: number = 30;

  @Setting(
    text(/^[\x21-\x7e]{1,64}$/, 'a word of 1 to 64 characters', "write it in quotes, such as '1'"),
    'all draws of the session come from it',
  )
  readonly seed: string = '1';
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

  @Setting(whole(1, 86_400), 'how long the stream keeps what is journaled')
  readonly trimSeconds: number = 60;

  @Setting(whole(1, 3650), 'how long the journal keeps market data')
  readonly retentionDays: number = 30;

  @Setting(whole(0, 1_000_000), 'free disk below which the journal refuses to start')
  readonly minFreeDiskMb: number = 1024;
}
