import type { DataOf } from '@arb/shared/contracts';
import type { MarketVenue } from '@arb/shared/core';
import type { Cancel, Log, ShellContext } from '@arb/shared/runtime';
import {
  type BookOut,
  type CoinSpelling,
  coinSpelling,
  type Instrument,
  type MarketActivity,
  type MarketStatus,
  type RestRequest,
  type RestResponse,
  type SymbolMap,
  type TradeOut,
  type VenueAdapter,
} from '@arb/venues';
import type { StreamSink } from '@arb/venues/shell';
import { type Listing, type ReceiverClock, type Settings, suspendedOf, warnedOf } from '../core/index.ts';
import type { BookOutlet } from './book-outlet.ts';
import { FxDesk } from './fx-desk.ts';
import { instrumentsOf } from './instruments-of.ts';
import type { VenueConnection } from './venue-connection.ts';
import { VenueHealth, type VenueNotices } from './venue-health.ts';
import { WalletWatch } from './wallet-watch.ts';

/** The venue's list says which codes there are; a list that does not come is not waited for longer. */
const LIST_PATIENCE_MS = 1_000;
/** What is not answered is asked for again, more and more rarely. */
const ASK_AGAIN_MS = 2_000;
const ASK_AGAIN_MOST_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Of a message that could not be understood, in the log. */
const FAULT_BYTES = 200;
const NOTE_EACH_MS = 1_000;
/** The same loss again and again is written down so often. */
const LOSS_EACH_MS = 60_000;

export interface VenueDeskDeps {
  readonly config: MarketVenue;
  readonly adapter: VenueAdapter;
  readonly settings: Settings;
  readonly numeraire: string;
  readonly context: ShellContext;
  readonly log: Log;
  readonly outlet: BookOutlet;
  /** What all venues' books say of this machine's clock. */
  readonly clock: ReceiverClock;
  readonly fx: FxDesk;
  /** There is a key for what the venue tells to key holders only. */
  readonly keyed: boolean;
  readonly connect: (sink: StreamSink, symbols: SymbolMap) => VenueConnection;
  /** The venue has said what it trades. */
  readonly listed: () => void;
}

/** One venue in one session: what is watched there, and everything that is said of it. */
export class VenueDesk {
  readonly name: string;
  readonly health: VenueHealth;
  private readonly deps: VenueDeskDeps;
  private readonly connection: VenueConnection;
  private readonly coinNames: CoinSpelling;
  private map: SymbolMap;
  private coins: readonly string[] = [];
  private coinSet: ReadonlySet<string> = new Set();
  private watching = false;
  /** What the connection was last told to watch. */
  private watched: readonly string[] = [];
  private markets: ReadonlyMap<string, MarketStatus> | null = null;
  private readonly wallets: WalletWatch;
  private readonly activity = new Map<string, MarketActivity>();
  private readonly rules = new Map<string, Instrument>();
  private saidInstruments = 'null';
  /** They may have changed since they were said. */
  private instrumentsDue = false;
  private notices: VenueNotices = { suspended: [], warned: [], walletsKnown: false, walletsWhy: null };
  private readonly cancels = new Map<string, Cancel>();
  /** How often in a row a question was not answered. */
  private readonly unanswered = new Map<string, number>();
  private closed = false;
  private notedAt = Number.NEGATIVE_INFINITY;
  private loss = { why: '', at: 0 };

  constructor(deps: VenueDeskDeps) {
    this.deps = deps;
    const { config, adapter, settings } = deps;
    this.name = config.name;
    this.health = new VenueHealth(config.name, deps.clock);
    const names = settings.coinNames[config.name] ?? {};
    this.coinNames = coinSpelling(names);
    this.map = adapter.symbols(undefined, names);
    // What stands behind it changes once the venue has said its list.
    this.connection = deps.connect(this.sink(), {
      symbolOf: (code) => this.map.symbolOf(code),
      codeOf: (symbol) => this.map.codeOf(symbol),
    });
    this.wallets = new WalletWatch({
      adapter,
      keyed: deps.keyed || settings.source === 'recording',
      everyMs: settings.statusSeconds * 1_000,
      ask: (request, take) => this.ask(request, take),
      later: (ms, call) => this.later('wallets', ms, call),
      log: deps.log,
      changed: () => this.notice(),
    });
    this.askMarkets([]);
    this.wallets.ask();
    this.later('list', LIST_PATIENCE_MS, () => this.begin());
  }

  /** These coins from now on. */
  watch(coins: readonly string[]): void {
    const { outlet, config } = this.deps;
    const wanted = new Set(coins);
    for (const coin of this.coins) if (!wanted.has(coin)) this.leave(`${coin}-${config.quote}`);
    this.coins = coins;
    this.coinSet = wanted;
    for (const coin of coins) outlet.open(config.name, `${coin}-${config.quote}`);
    this.notice();
    this.instrumentsDue = true;
    if (this.watching) this.watchNow();
  }

  /** What is traded here, for whoever chooses the coins; null where the venue has not said it. `rate`: quote currency per numeraire. */
  listings(rate: number | null): readonly Listing[] | null {
    if (this.markets === null) return null;
    const { config } = this.deps;
    const inNumeraire = (amount: number | null): number | null => (amount === null || rate === null ? null : amount / rate);
    return (
      [...this.markets.values()]
        // A coin whose name is not of letters and digits has no place in an event's subject.
        .filter(({ code, quote }) => this.coinNames.canonical(quote) === config.quote && this.map.symbolOf(code) !== null)
        .map(({ code, base, state }) => {
          const activity = this.activity.get(code);
          const { bid, ask } = activity ?? { bid: null, ask: null };
          return {
            venue: config.name,
            coin: this.coinNames.canonical(base),
            trading: state === 'trading',
            volume: inNumeraire(activity?.volume ?? null),
            spreadBps: bid === null || ask === null ? null : ((ask - bid) / ask) * 10_000,
            depth: inNumeraire(activity?.depth ?? null),
          };
        })
    );
  }

  /** Asks anew for what is traded and how much; `done` once, whatever comes of it. */
  lookAround(done: () => void): void {
    this.askMarkets([], () => {
      const { config, adapter } = this.deps;
      const codes = [...(this.markets?.values() ?? [])].filter(({ quote }) => quote === config.quote).map(({ code }) => code);
      const requests = codes.length === 0 ? [] : adapter.rest.activity(codes);
      let open = requests.length;
      if (open === 0) done();
      for (const request of requests)
        this.ask(request, (body) => {
          if (body !== null) for (const one of adapter.rest.decodeActivity(body)) this.merge(one);
          if (--open === 0) done();
        });
    });
  }

  /** Many times a second. */
  tell(): void {
    const { context, outlet } = this.deps;
    if (!context.holdsLease()) return;
    this.health.tell(context.time.monotonicMs(), this.connection, outlet.dropped(this.name), this.notices, (data) =>
      context.say('health', [this.name], data),
    );
    if (this.instrumentsDue) this.tellInstruments();
  }

  close(): void {
    this.closed = true;
    for (const cancel of this.cancels.values()) cancel();
    this.connection.close();
  }

  // ---- what is watched ----------------------------------------------------------------------------------------------

  private begin(): void {
    this.watching = true;
    this.watchNow();
  }

  private watchNow(): void {
    this.watched = this.codesToWatch();
    this.connection.watch(this.watched);
    this.askInstruments();
  }

  /** A pair that the venue does not list any more would refuse every request that names it. */
  private watchWhatIsListed(): void {
    const listed = new Set(this.codesToWatch());
    const gone = this.watched.filter((code) => !listed.has(code));
    if (gone.length === 0 && listed.size === this.watched.length) return;
    this.deps.log('warn', `${this.name} lists other pairs than before`, { gone: gone.slice(0, 20) });
    this.watchNow();
    for (const code of gone) {
      const symbol = this.map.symbolOf(code);
      if (symbol !== null) this.absent(symbol, 'it is not listed any more');
    }
  }

  private codesToWatch(): readonly string[] {
    const { config, settings, numeraire } = this.deps;
    const quotes = settings.venues.map(({ quote }) => quote);
    const symbols = [...this.coins.map((coin) => `${coin}-${config.quote}`), ...FxDesk.symbolsFor(config.quote, quotes, numeraire)];
    const codes = symbols.flatMap((symbol) => {
      const code = this.map.codeOf(symbol);
      // Before the list is known, only what was asked for by name is tried, and the most common rate.
      const known = this.markets?.has(code ?? '') ?? (this.coinSet.has(symbol.split('-')[0] ?? '') || symbol === 'USDT-KRW');
      return code !== null && known ? [code] : [];
    });
    return [...new Set(codes)];
  }

  private leave(symbol: string): void {
    this.sayEmpty(symbol);
    this.deps.outlet.close(this.name, symbol);
    this.health.ages.absent(symbol);
  }

  // ---- what comes in ------------------------------------------------------------------------------------------------

  private sink(): StreamSink {
    const { time } = this.deps.context;
    return {
      book: (book) => this.book(book),
      trade: (trade) => this.trade(trade),
      absent: (_code, symbol, why) => this.absent(symbol, why),
      fault: (why, code) => {
        this.health.fault(time.monotonicMs(), code === null ? why : `${code}: ${why}`);
        const head = this.connection.faults().at(-1)?.head.subarray(0, FAULT_BYTES) ?? new Uint8Array();
        this.note('warn', `${this.name}: ${why}`, { code, head: Buffer.from(head).toString('latin1') });
      },
      note: (what) => this.note('info', `${this.name}: ${what}`, {}),
      opened: () => {
        this.health.opened(time.monotonicMs());
        this.loss = { why: '', at: 0 };
        this.deps.log('info', `connected to ${this.name}`);
      },
      lost: (why, waitMs) => {
        this.health.lost(why);
        this.health.ages.clear();
        const now = time.monotonicMs();
        if (why === this.loss.why && now - this.loss.at < LOSS_EACH_MS) return;
        this.loss = { why, at: now };
        this.deps.log('warn', `connection to ${this.name} lost: ${why}`, { retryMs: Math.round(waitMs) });
      },
    };
  }

  private book({ symbol, epoch, sequence, exchangeAt, receivedAt, backup, confirmed, bids, asks }: BookOut): void {
    const { context, outlet, fx } = this.deps;
    const now = context.time.monotonicMs();
    // What was asked for says nothing of how the stream is.
    if (!confirmed) this.health.book(now, backup);
    fx.book(this.name, symbol, bids[0]?.[0], asks[0]?.[0]);
    const line = outlet.line(this.name, symbol);
    if (line === undefined) return;
    let lateMs = 0;
    if (confirmed) this.health.ages.confirmed(symbol, now);
    else lateMs = this.health.ages.book(symbol, { epoch, exchangeAt, receivedAt }, now);
    const book = { venue: this.name, symbol, epoch, sequence, exchangeAt, receivedAt };
    const more = backup ? { ...book, backup } : book;
    outlet.offer(line, lateMs > 0 ? { ...more, lateMs, bids, asks } : { ...more, bids, asks });
  }

  private trade({ symbol, id, side, price, size, exchangeAt, receivedAt }: TradeOut): void {
    if (this.deps.outlet.line(this.name, symbol) === undefined) return;
    this.deps.outlet.trade({ venue: this.name, symbol, id, side, price, size, exchangeAt, receivedAt });
  }

  /** A book that cannot be trusted any more is taken back at once, or it would look fresh until it is too old. */
  private absent(symbol: string, why: string): void {
    this.health.ages.absent(symbol);
    // A bad message has been reported as such.
    if (why === 'gap' || why === 'crossed') this.health.fault(this.deps.context.time.monotonicMs(), `${symbol}: ${why}`);
    this.sayEmpty(symbol);
  }

  private sayEmpty(symbol: string): void {
    const { outlet, context } = this.deps;
    const line = outlet.line(this.name, symbol);
    const newest = line?.newest ?? null;
    if (line === undefined || newest === null || (newest.bids.length === 0 && newest.asks.length === 0)) return;
    const { venue, epoch, sequence, receivedAt } = newest;
    const at = Math.max(receivedAt, context.time.wallMicros());
    outlet.offer(line, { venue, symbol, epoch, sequence: sequence + 1, exchangeAt: null, receivedAt: at, bids: [], asks: [] });
  }

  // ---- what is asked ------------------------------------------------------------------------------------------------

  /** An empty list asks for everything the venue trades. */
  private askMarkets(codes: readonly string[], done: () => void = () => {}): void {
    const { adapter, settings } = this.deps;
    const requests = adapter.rest.markets(codes.length === 0 ? undefined : codes);
    const found: MarketStatus[] = [];
    let open = requests.length;
    let failed = false;
    for (const request of requests)
      this.ask(request, (body) => {
        if (body === null) failed = true;
        else found.push(...adapter.rest.decodeMarkets(body));
        if (--open > 0) return;
        if (!failed) {
          this.unanswered.delete('markets');
          this.takeMarkets(found, codes.length === 0);
        }
        const everyMs = settings.statusSeconds * 1_000;
        // One code that is not known any more refuses all: then everything is asked for.
        this.later('markets', failed ? Math.min(this.askAgainMs('markets'), everyMs) : everyMs, () =>
          this.askMarkets(failed || this.markets === null ? [] : this.watchedCodes()),
        );
        done();
      });
  }

  private takeMarkets(found: readonly MarketStatus[], all: boolean): void {
    const { adapter, config, settings } = this.deps;
    const first = this.markets === null;
    if (all) {
      this.markets = new Map(found.map((market) => [market.code, market]));
      this.map = adapter.symbols(found, settings.coinNames[config.name] ?? {});
    } else {
      const markets = new Map(this.markets);
      for (const code of this.watchedCodes()) markets.delete(code);
      for (const market of found) markets.set(market.code, market);
      this.markets = markets;
    }
    this.notice();
    this.instrumentsDue = true;
    if (!first) {
      if (this.watching) this.watchWhatIsListed();
      return;
    }
    this.cancels.get('list')?.();
    this.deps.listed();
    this.begin();
  }

  private askInstruments(): void {
    const { adapter } = this.deps;
    const codes = this.watchedCodes();
    if (codes.length === 0) return;
    let failed = false;
    const requests = adapter.rest.instruments(codes);
    let open = requests.length;
    for (const request of requests)
      this.ask(request, (body) => {
        if (body === null) failed = true;
        else for (const instrument of adapter.rest.decodeInstruments(body)) this.rules.set(instrument.code, instrument);
        this.instrumentsDue = true;
        if (--open > 0) return;
        if (!failed) this.unanswered.delete('instruments');
        this.later('instruments', failed ? this.askAgainMs('instruments') : HOUR_MS, () => this.askInstruments());
      });
    // Better than none, until the venue answers.
    for (const code of codes) {
      const published = this.rules.has(code) ? null : adapter.rest.published(code);
      if (published !== null) this.rules.set(code, published);
    }
    this.instrumentsDue = true;
  }

  private askAgainMs(what: string): number {
    const times = this.unanswered.get(what) ?? 0;
    this.unanswered.set(what, times + 1);
    return Math.min(ASK_AGAIN_MOST_MS, ASK_AGAIN_MS * 2 ** Math.min(10, times));
  }

  /**
   * `take` gets null where no answer could be had or understood; what it throws of an answer counts as that too. A refused key is for whoever
   * asked to tell, and not each time.
   */
  private ask(request: RestRequest, take: (body: Uint8Array | null, refusal: string | null) => void): void {
    const fault = (why: string): void => {
      this.note('warn', `${this.name}: no ${request.what}: ${why}`.slice(0, 300), {});
    };
    this.connection.ask(request, (response: RestResponse) => {
      if (this.closed) return;
      const { status, body } = response;
      const refusal = request.signed ? this.deps.adapter.keyRefusal(response) : null;
      if (status === 200) {
        try {
          take(body, null);
          return;
        } catch (error) {
          this.health.fault(this.deps.context.time.monotonicMs(), (error as Error).message);
          fault((error as Error).message);
        }
      } else if (refusal === null) fault(status === 0 ? Buffer.from(body).toString().slice(0, 200) : `answers ${status}`);
      take(null, refusal);
    });
  }

  // ---- what is said -------------------------------------------------------------------------------------------------

  private tellInstruments(): void {
    const { adapter, config, context, outlet } = this.deps;
    const known = this.coins.flatMap((coin) => {
      const symbol = `${coin}-${config.quote}`;
      const instrument = this.rules.get(this.map.codeOf(symbol) ?? '');
      const book = outlet.line(this.name, symbol)?.newest ?? null;
      return instrument === undefined ? [] : [{ symbol, instrument, price: book?.bids[0]?.[0] ?? null }];
    });
    const data: DataOf<'instruments'> | null = known.length === 0 ? null : instrumentsOf(adapter, config.quote, known);
    const what = JSON.stringify(data);
    if (data !== null && what !== this.saidInstruments && !context.say('instruments', [this.name], data)) return;
    this.saidInstruments = what;
    this.instrumentsDue = false;
  }

  private notice(): void {
    const wallets = this.wallets.known().map((wallet) => ({ ...wallet, coin: this.coinNames.canonical(wallet.coin) }));
    this.notices = {
      suspended: suspendedOf(wallets, this.coinSet),
      warned: warnedOf(this.watchedMarkets(), this.coinSet),
      walletsKnown: this.wallets.told(),
      walletsWhy: this.wallets.refused(),
    };
  }

  private merge(activity: MarketActivity): void {
    const { code, volume, bid, ask, depth } = activity;
    const known = this.activity.get(code);
    this.activity.set(code, {
      code,
      volume: volume ?? known?.volume ?? null,
      bid: bid ?? known?.bid ?? null,
      ask: ask ?? known?.ask ?? null,
      depth: depth ?? known?.depth ?? null,
    });
  }

  private watchedCodes(): readonly string[] {
    return this.coins.flatMap((coin) => {
      const code = this.map.codeOf(`${coin}-${this.deps.config.quote}`);
      return code !== null && (this.markets?.has(code) ?? true) ? [code] : [];
    });
  }

  private watchedMarkets() {
    return this.watchedCodes().flatMap((code) => {
      const market = this.markets?.get(code);
      return market === undefined ? [] : [{ ...market, coin: this.coinNames.canonical(market.base) }];
    });
  }

  /** A flood of the same is not written down line by line. */
  private note(level: 'info' | 'warn', what: string, fields: Readonly<Record<string, unknown>>): void {
    const now = this.deps.context.time.monotonicMs();
    if (now - this.notedAt < NOTE_EACH_MS) return;
    this.notedAt = now;
    this.deps.log(level, what, fields);
  }

  private later(what: string, ms: number, call: () => void): void {
    this.cancels.get(what)?.();
    this.cancels.set(
      what,
      this.deps.context.time.after(ms, () => {
        if (!this.closed) call();
      }),
    );
  }
}
