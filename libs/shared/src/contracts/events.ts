import { SERVICES, SESSION_ID } from './names.ts';
import {
  boolean,
  count,
  decimal,
  dictionary,
  fraction,
  integer,
  json,
  levels,
  list,
  matching,
  nullable,
  number,
  type Of,
  oneOf,
  optional,
  positive,
  record,
  type Shape,
  text,
} from './shape.ts';

/** The words of the market. A coin is `BTC`, a pair `BTC-KRW`, a venue `upbit`. */
export const COIN = /^[A-Z0-9]{1,20}$/;
export const PAIR = /^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}$/;
export const VENUE = /^[a-z][a-z0-9]{1,19}$/;
export const BOOT = /^[a-z0-9]{8,16}$/;

const coin = matching(COIN, 'a coin such as BTC');
const pair = matching(PAIR, 'a pair such as BTC-KRW');
const venue = matching(VENUE, 'a venue such as upbit');
const boot = matching(BOOT, 'the boot of a process');
const session = matching(SESSION_ID, 'a session id');
const service = oneOf(...SERVICES);
const sha256 = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');
const side = oneOf('buy', 'sell');
/** Names a round trip for its whole life, in its session and in the children that carry it on. */
const trip = matching(/^[A-Za-z0-9-]{1,60}$/, 'the id of a round trip');
/** A booked amount never stands without its currency. */
const amount = record({ amount: decimal, currency: coin });

export const MODES = ['ACTIVE', 'REDUCE_ONLY', 'HALTED'] as const;

// ---- the life of a session ------------------------------------------------------------------------------------------

export const sessionStarted = record({
  /** The whole effective configuration, secrets masked: a core knows no other. */
  config: json(8),
  /** Hash of `config`: two runs with the same one may share a session. */
  configHash: sha256,
  seed: text,
  /** Version of each core's code; a process publishes only in a session that names its own. */
  versions: dictionary(text, 32),
  boot,
  mode: oneOf(...MODES),
  parent: nullable(
    record({
      session,
      /** The parent's end: this session goes on from the state after it. */
      position: count,
      reason: oneOf('handover', 'lost', 'fork', 'import'),
      /** Positions the lost stream had and the journal does not; `to` is the last that was known of, null where none was. */
      lost: optional(record({ from: count, to: nullable(count) })),
    }),
  ),
  /** SHA-256 of the snapshot that each core starts from. */
  snapshots: dictionary(sha256, 32),
});
/** A new boot of the journal speaks from now on: one `term` above the last, or it is not listened to. */
export const sessionResumed = record({ boot, term: count });
export const sessionStopping = record({ reason: text });
export const sessionStopped = record({ reason: text });

export const clock = record({
  /** How full the stream is, 0 to 1. */
  fill: fraction,
  /** Up to where the journal has committed, and the `at` of that event: how far the journal lags in time. */
  committed: count,
  committedAt: nullable(count),
});
export const journalCommitted = record({ to: count, head: sha256 });
export const quarantine = record({
  position: count,
  subject: text,
  length: count,
  sha256,
  /** The first kilobyte, as base64. */
  head: text,
  reason: text,
});

// ---- the services themselves ----------------------------------------------------------------------------------------

export const serviceStarted = record({ boot, version: text, replica: count, pid: count });
export const serviceHeartbeat = record({
  boot,
  position: count,
  lagPositions: count,
  lagMs: number,
  unconfirmed: count,
  ready: boolean,
  snapshot: nullable(count),
  rssMb: number,
  trouble: nullable(text),
});
export const serviceStopping = record({ boot });
export const lease = record({ service, boot, term: count, act: oneOf('claim', 'renew', 'release') });
export const command = record({
  /** Chosen by whoever asks, so that a repeat is seen as one. */
  id: text,
  by: text,
  why: text,
  target: optional(text),
  /** µs: until when, for a silence or a maintenance. */
  until: optional(count),
});

// ---- the market -----------------------------------------------------------------------------------------------------

export const book = record({
  venue,
  symbol: pair,
  /** A new epoch replaces the book; nothing of an older one remains. */
  epoch: count,
  sequence: count,
  /** µs; null where the venue says no time. */
  exchangeAt: nullable(count),
  receivedAt: count,
  /** Asked for over REST because the stream is away: older than it looks. */
  backup: optional(boolean),
  /** How late it came by the venue's own clock: it is so much older than its receive time says. Absent below half a second. */
  lateMs: optional(count),
  bids: levels(200),
  asks: levels(200),
});
export const trade = record({
  venue,
  symbol: pair,
  id: text,
  side,
  price: positive,
  size: positive,
  exchangeAt: nullable(count),
  receivedAt: count,
});
export const fx = record({
  /** `KRW-USDT`: how many of the second one of the first is worth is `1 / rate`; `rate` is the price of one second in firsts. */
  pair,
  rate: positive,
  tier: oneOf('multi', 'single', 'http', 'static'),
  /** Of one that was not used: `dropped` says why. */
  sources: list(record({ source: text, rate: positive, ageMs: number, used: boolean, dropped: optional(text) }), 16),
  bankRate: optional(nullable(positive)),
  stableRate: optional(nullable(positive)),
});
export const health = record({
  venue,
  state: oneOf('HEALTHY', 'DEGRADED', 'DOWN', 'FROZEN'),
  why: text,
  latencyMs: nullable(number),
  reconnects: count,
  conflated: count,
  /** Coins whose deposits or withdrawals the venue has stopped: what most premiums are made of. */
  suspended: list(coin, 1000),
  /** Coins under a market warning, or about to be delisted. */
  warned: optional(list(record({ coin, what: text }), 1000)),
  /** What is counted of the connection: gaps, resyncs, bad messages, messages a second, snapshot age. */
  counters: optional(dictionary(number, 64)),
});
/** What a venue takes as an order, and what it charges. Said anew at a session's start and whenever it changes. */
export const instruments = record({
  venue,
  /** Of the traded value, as plain decimals; an account's own where they are known. */
  fees: record({ maker: decimal, taker: decimal }),
  /** Price steps by price, lowest band first; for symbols without a tick of their own. */
  bands: list(record({ from: decimal, tick: decimal }), 64),
  symbols: list(record({ symbol: pair, tick: nullable(decimal), lot: decimal, minNotional: decimal }), 1000),
});
export const universe = record({ coins: list(coin, 1000), mode: text, why: text });

// ---- what the cores derive ------------------------------------------------------------------------------------------

/** A level of the merged book: price in the numeraire, size, index into `venues`, the venue's own price. */
const mergedLevels: Shape<readonly (readonly [price: number, size: number, venue: number, original: number])[]> = (value, path) => {
  if (!Array.isArray(value) || value.length > 20) return `${path}: expected at most 20 levels`;
  for (const level of value as unknown[])
    if (!Array.isArray(level) || level.length !== 4 || !level.every((part) => Number.isFinite(part)))
      return `${path}: expected [price, size, venue, original price], found another`;
  return null;
};
export const l2 = record({
  coin,
  numeraire: coin,
  venues: list(
    record({
      venue,
      symbol: pair,
      state: oneOf('fresh', 'stale', 'absent'),
      epoch: count,
      ageMs: nullable(number),
      /** Numeraire per unit of the venue's quote currency. */
      rate: nullable(positive),
      /** Its book was asked for over REST because the stream is away: shown as stale, whatever its age. */
      backup: optional(boolean),
    }),
    16,
  ),
  bids: mergedLevels,
  asks: mergedLevels,
  /** Of this coin, since the session began: merges in all, and with all, some or none of its venues fresh. Said once a second. */
  statistics: optional(record({ aggregations: count, allActive: count, someActive: count, noneActive: count })),
});

/** Numbers behind a decision or verdict, by name: what `why` prints. */
const numbers = dictionary(nullable(number), 64);

const leg = record({
  venue,
  symbol: pair,
  side,
  quantity: decimal,
  /** The worst price this leg may fill at, in the venue's quote currency. */
  limit: decimal,
  /** The price the decision saw. */
  expected: decimal,
});
export type Leg = Of<typeof leg>;

/** Coins or money sent from one venue to another: `quantity` leaves `from` at once, `quantity - fee` is at `to` from `arrivesAt` (µs) on. */
const transfer = record({ from: venue, to: venue, currency: coin, quantity: decimal, fee: decimal, arrivesAt: count });

export const decision = record({
  kind: oneOf('enter', 'exit', 'rebalance', 'skipped'),
  trip: nullable(trip),
  coin,
  route: nullable(record({ buy: venue, sell: venue })),
  legs: list(leg, 4),
  notional: nullable(amount),
  edgeBps: nullable(number),
  score: optional(nullable(number)),
  validUntil: nullable(count),
  rule: nullable(text),
  limit: nullable(number),
  value: nullable(number),
  why: text,
  numbers,
  /** Only in a `rebalance`, which then has no legs; its `trip` names the transfer. */
  transfer: optional(transfer),
});
export const verdict = record({
  outcome: oneOf('ALLOW', 'REDUCE', 'COOLDOWN', 'BLOCK'),
  trip: nullable(trip),
  coin,
  /** The decision as it may be carried out: only in an ALLOW or a REDUCE. */
  decision: nullable(decision),
  firstRule: nullable(text),
  rule: nullable(text),
  tier: nullable(oneOf('exchange', 'route', 'symbol', 'portfolio', 'cross')),
  limit: nullable(number),
  value: nullable(number),
  numbers,
});
export const order = record({
  /** Client id: `<trip>-<leg>-<try>`. */
  order: text,
  trip,
  venue,
  symbol: pair,
  side,
  state: oneOf('intended', 'accepted', 'part-filled', 'filled', 'cancelled', 'rejected'),
  quantity: decimal,
  filled: decimal,
  limit: decimal,
  reason: nullable(text),
});
export const fill = record({
  order: text,
  trip,
  venue,
  symbol: pair,
  side,
  price: decimal,
  quantity: decimal,
  fee: amount,
  value: amount,
  slippageBps: number,
  available: decimal,
  fillRatio: number,
  model: text,
  modelVersion: count,
  /** A leg of the decision, the rest of one sent again, or the taking back of what the other leg did not match. */
  purpose: optional(oneOf('leg', 'proceed', 'unwind')),
  /** Best price on offer when the first order of this leg was sent, and when this one was at the venue. */
  sentAtBest: optional(decimal),
  metBest: optional(decimal),
  latencyMs: optional(number),
});

/** One leg of a round trip, over all its orders; value and fee in its quote currency. */
const tradedLeg = record({
  venue,
  symbol: pair,
  side,
  asked: decimal,
  filled: decimal,
  expected: decimal,
  price: nullable(decimal),
  value: decimal,
  fee: decimal,
  slippageBps: nullable(number),
  latencyMs: nullable(number),
  orders: count,
});
/** What the log of round trips says beside the position itself. */
const roundTrip = record({
  /** Core time in µs. */
  enteredAt: count,
  endedAt: count,
  notional: nullable(amount),
  edgeBps: nullable(number),
  score: nullable(number),
  enterRule: nullable(text),
  exitRule: nullable(text),
  exits: count,
  unwinds: count,
  /** Coins that stayed at a venue because they were neither matched nor taken back: what is left over, or owed. */
  kept: decimal,
  /** What stood on one leg alone, in the numeraire, times the milliseconds it did. */
  unhedged: number,
  legs: list(record({ phase: oneOf('enter', 'exit'), leg: tradedLeg }), 4),
  model: text,
  modelVersion: count,
});
export type RoundTrip = Of<typeof roundTrip>;

export const position = record({
  trip,
  coin,
  state: oneOf('OPEN', 'CLOSING', 'CLOSED', 'UNWOUND', 'FAILED'),
  route: nullable(record({ buy: venue, sell: venue })),
  quantity: decimal,
  pnl: nullable(amount),
  /** In the currency of `pnl`; they sum to it exactly. */
  parts: dictionary(decimal, 32),
  why: text,
  /** Only at the end of one that was begun. */
  log: optional(roundTrip),
});
export const balance = record({
  venue,
  balances: dictionary(decimal, 1000),
  /** Of those, what orders on their way may need: nothing else is left out. */
  reserved: optional(dictionary(decimal, 1000)),
});
/** Money or coins on their way from one venue to another. */
export const transferState = record({
  /** The `trip` of the decision that asked for it. */
  transfer: trip,
  currency: coin,
  from: venue,
  to: venue,
  quantity: decimal,
  fee: decimal,
  state: oneOf('left', 'arrived', 'refused'),
  arrivesAt: count,
  why: text,
});
/** How trading goes, since the ledgers were opened: said every few seconds. */
export const kpi = record({
  /** Core time in µs. */
  since: count,
  trips: record({ open: count, closed: count, unwound: count, failed: count, won: count, lost: count }),
  realised: amount,
  /** What closing all open round trips now would bring, at the depth there is; null where a venue has no book to tell. */
  unrealised: nullable(amount),
  /** Deepest fall of the realised sum below its peak. */
  drawdown: amount,
  /** Win rate, average R, trades an hour, fill ratio, slippage, latency, unhedged … by name; null where there is none yet. */
  numbers: dictionary(nullable(number), 64),
  /** Of the calibrated fill model: what its zones said and what the books showed. */
  zones: optional(list(record({ zone: text, predicted: number, seen: number, orders: count }), 64)),
  /** Round trips that hold something, the oldest first, of parent sessions too: for whoever joins later than they were opened. */
  open: optional(
    list(
      record({
        trip,
        coin,
        state: oneOf('OPEN', 'CLOSING'),
        route: nullable(record({ buy: venue, sell: venue })),
        quantity: decimal,
        since: count,
      }),
      50,
    ),
  ),
  /**
   * The newest legs that round trips left at a venue as stock, of parent sessions too; in the currency of `realised`. Below 0
   * what is owed. `cost` is what the trip's result took the coins for, `worth` what they are at the venue's best price now.
   */
  kept: optional(list(record({ trip, venue, symbol: pair, quantity: decimal, since: count, cost: decimal, worth: nullable(decimal) }), 50)),
});
/** A day's ledgers of one venue held against its fills and transfers. */
export const reconciliation = record({
  venue,
  /** Core time in µs. */
  from: count,
  to: count,
  agrees: boolean,
  /** `opening + bought − sold − fees + transferred` should be `closing`; `difference` is what is not. */
  accounts: list(
    record({
      currency: coin,
      opening: decimal,
      bought: decimal,
      sold: decimal,
      fees: decimal,
      transferred: decimal,
      closing: decimal,
      difference: decimal,
    }),
    1000,
  ),
  fills: count,
});
/** How free trading is, and the numbers its limits are held against: said at every change of mode or breaker, and each minute. */
export const guard = record({
  mode: oneOf(...MODES),
  /** The rule or command that chose the mode. */
  rule: nullable(text),
  why: text,
  /** Breakers and cooldowns in force: what is closed, by which rule, until when (null: until somebody says so). */
  closed: list(record({ what: text, rule: text, until: nullable(count) }), 200),
  exposure: amount,
  dailyPnl: amount,
  equity: amount,
  drawdown: amount,
  numbers: dictionary(nullable(number), 64),
  /** How often each rule was the first that spoke against an entry, and how often it decided. */
  counters: optional(list(record({ rule: text, first: count, final: count }), 100)),
});

export const alert = record({
  /** Counts up over a session and its children: by it the channels know a repeat. */
  id: text,
  key: text,
  rule: text,
  severity: oneOf('P0', 'P1', 'P2', 'P3'),
  /** `noted` is told once and stays open for nobody: a moment, a digest, the summary of a day. */
  state: oneOf('raised', 'closed', 'noted'),
  summary: text,
  count,
  /** What has changed: a raised one may be told again. */
  step: optional(oneOf('opened', 'still-open', 'escalated', 'acknowledged', 'closed', 'moment', 'grouped', 'digest', 'day')),
  /** µs: when it began. */
  since: optional(count),
  /** Whom it goes to. */
  channels: optional(list(text, 8)),
  /** Section of the runbook that says what to do. */
  runbook: optional(text),
  /** Why it goes to fewer channels than its severity has: a silence, a maintenance, or too many a minute. */
  quiet: optional(text),
});
export const alertDelivery = record({
  /** Of the alert. */
  id: text,
  key: text,
  /** The one that took it, or gave it up. */
  channel: text,
  /** The one that it was meant for, where another took it in its place. */
  instead: optional(text),
  state: oneOf('sent', 'failed', 'dead-lettered'),
  tries: count,
  detail: nullable(text),
});
/** Where alerts wait for their channels: said at every change, and each minute while something is wrong. */
export const alertQueue = record({
  store: oneOf('redis', 'memory'),
  why: text,
  waiting: count,
  /** In the dead-letter queue. */
  dead: count,
  /** Channels that are left alone for a while because they failed. */
  broken: list(record({ channel: text, why: text }), 16),
});

export { integer };
