import type { SessionConfig } from '@arb/shared/core';
import type { Cancel, Log, ShellContext, Time } from '@arb/shared/runtime';
import { type SymbolMap, VENUES, type VenueAdapter, type VenueKey } from '@arb/venues';
import { type HttpGet, type OpenSocket, type StreamSink, VenueShell } from '@arb/venues/shell';
import { chooseCoins, LeavingCoins, type Listing, ReceiverClock, type Settings, settingsOf } from '../core/index.ts';
import { liveAddresses, SIMULATED_KEY, simulatedAddresses, simulatedBank } from './addresses.ts';
import { BankRate } from './bank-rate.ts';
import { BookOutlet } from './book-outlet.ts';
import { FxDesk } from './fx-desk.ts';
import { RecordingPlayer } from './recording-player.ts';
import type { LoadedRecordings } from './recordings.ts';
import type { VenueConnection } from './venue-connection.ts';
import { VenueDesk } from './venue-desk.ts';

const SWEEP_MS = 25;
const TELL_EACH_MS = 100;
/** The best coins are chosen once all venues have said what they trade, or after so long from those that have. */
const LISTED_WITHIN_MS = 10_000;
const RATED_WITHIN_MS = 5_000;

export interface MarketDeps {
  readonly time: Time;
  readonly simulatorUrl: string;
  readonly bankRateUrl: string | null;
  /** In [0, 1): only for how long to wait before connecting again. */
  readonly random: () => number;
  readonly log: Log;
  readonly openSocket: OpenSocket;
  readonly httpGet: HttpGet;
  /** By venue, of the real ones: for what they tell to key holders only. */
  readonly keys: ReadonlyMap<string, VenueKey>;
  readonly recordings: LoadedRecordings | null;
}

/** The market of a session, for as long as the lease is held: all that it says begins anew with it. */
export class MarketRun {
  private readonly deps: MarketDeps;
  private readonly context: ShellContext;
  private readonly settings: Settings;
  private readonly numeraire: string;
  private readonly outlet: BookOutlet;
  private readonly fx: FxDesk;
  private readonly bank: BankRate | null;
  private readonly player: RecordingPlayer | null;
  private readonly desks: readonly VenueDesk[];
  private cancelSweep: Cancel = () => {};
  private cancelLook: Cancel = () => {};
  private cancelRated: Cancel = () => {};
  private coins: readonly string[] = [];
  private readonly leaving: LeavingCoins;
  private universeWhy = '';
  private universeDue = false;
  private toldAt = Number.NEGATIVE_INFINITY;
  private readonly beganAt: number;
  private looked = false;

  constructor(context: ShellContext, deps: MarketDeps) {
    this.context = context;
    this.deps = deps;
    const { market, aggregator, strategy } = context.config as Pick<SessionConfig, 'market'> & Partial<SessionConfig>;
    const settings = settingsOf(market);
    this.settings = settings;
    this.numeraire = aggregator?.numeraire ?? 'USDT';
    this.beganAt = context.time.monotonicMs();
    this.leaving = new LeavingCoins(strategy?.maxHoldSeconds ?? null);
    this.outlet = new BookOutlet(context);
    const bankUrl = deps.bankRateUrl ?? (settings.source === 'simulated' ? simulatedBank(deps.simulatorUrl) : null);
    const { time, httpGet, log } = deps;
    this.bank = bankUrl === null ? null : new BankRate({ time, get: httpGet, log, url: bankUrl, everyMs: settings.bankSeconds * 1_000 });
    this.fx = new FxDesk({
      context,
      quotes: settings.venues.map(({ quote }) => quote),
      numeraire: this.numeraire,
      staticRates: settings.staticRates,
      bank: () => this.bank?.news() ?? null,
    });
    this.player =
      settings.source === 'recording'
        ? new RecordingPlayer({ time, log, speed: settings.recordingSpeed, room: () => this.outlet.room() }, deps.recordings ?? new Map())
        : null;
    const clock = new ReceiverClock();
    this.desks = settings.venues.map((config) => {
      const adapter = VENUES.get(config.name) as VenueAdapter;
      return new VenueDesk({
        config,
        adapter,
        settings,
        numeraire: this.numeraire,
        context,
        log,
        outlet: this.outlet,
        clock,
        fx: this.fx,
        keyed: this.keyOf(config.name) !== null,
        connect: (sink, symbols) => this.connect(adapter, sink, symbols),
        listed: () => this.listed(),
      });
    });
    this.choose(false);
    this.player?.start();
    this.sweep();
  }

  close(): void {
    this.cancelSweep();
    this.cancelLook();
    this.cancelRated();
    this.player?.close();
    this.bank?.close();
    for (const desk of this.desks) desk.close();
  }

  private connect(adapter: VenueAdapter, sink: StreamSink, symbols: SymbolMap): VenueConnection {
    const { time, random, openSocket, httpGet, simulatorUrl } = this.deps;
    const { depth, trades, source } = this.settings;
    if (this.player !== null) return this.player.venue(adapter, { depth, trades, sink, symbols });
    const addresses = source === 'live' ? liveAddresses(adapter) : simulatedAddresses(adapter, simulatorUrl);
    const key = this.keyOf(adapter.venue);
    return new VenueShell({ adapter, addresses, clock: time, random, openSocket, httpGet, key, symbols, depth, trades, sink });
  }

  private keyOf(venue: string): VenueKey | null {
    if (this.settings.source === 'simulated') return SIMULATED_KEY;
    return this.settings.source === 'live' ? (this.deps.keys.get(venue) ?? null) : null;
  }

  // ---- which coins --------------------------------------------------------------------------------------------------

  private listed(): void {
    if (this.desks.every((desk) => desk.listings(null) !== null)) this.look();
  }

  /** Asks how much is traded, chooses, and comes back later. Without need for it, the lists alone are enough. */
  private look(): void {
    this.looked = true;
    this.cancelLook();
    this.cancelLook = this.context.time.after(this.settings.universeSeconds * 1_000, () => this.look());
    if (this.settings.universe === 'SINGLE' || this.settings.universe === 'FIXED_LIST') {
      this.choose(true);
      return;
    }
    let open = this.desks.length;
    for (const desk of this.desks)
      desk.lookAround(() => {
        if (--open === 0) this.chooseOnceRated();
      });
  }

  /** Volumes of different currencies are compared by their rates, which come a little later than the lists. */
  private chooseOnceRated(): void {
    const rated = this.desks.every((desk) => this.fx.rateOf(this.quoteOf(desk.name)) !== null);
    if (rated || this.context.time.monotonicMs() - this.beganAt > RATED_WITHIN_MS) this.choose(true);
    else this.cancelRated = this.context.time.after(TELL_EACH_MS, () => this.chooseOnceRated());
  }

  private choose(known: boolean): void {
    const listings: Listing[] = [];
    let all = true;
    for (const desk of this.desks) {
      const theirs = desk.listings(this.fx.rateOf(this.quoteOf(desk.name)));
      if (theirs === null) all = false;
      else listings.push(...theirs);
    }
    const fixed = this.settings.universe === 'SINGLE' || this.settings.universe === 'FIXED_LIST';
    const choice = chooseCoins(this.settings, known && (all || !fixed) ? listings : null, this.coins);
    if (choice === null) return;
    const same = choice.coins.length === this.coins.length && choice.coins.every((coin, i) => coin === this.coins[i]);
    if (same && this.universeWhy !== '') return;
    this.leaving.left(this.coins, choice.coins, this.context.time.monotonicMs());
    this.coins = choice.coins;
    this.universeWhy = choice.why;
    this.universeDue = true;
    this.tellUniverse();
    this.watch();
  }

  private watch(): void {
    const coins = [...this.coins, ...this.leaving.coins()];
    for (const desk of this.desks) desk.watch(coins);
  }

  private quoteOf(venue: string): string {
    return this.settings.venues.find(({ name }) => name === venue)?.quote ?? this.numeraire;
  }

  // ---- many times a second ------------------------------------------------------------------------------------------

  private sweep(): void {
    this.cancelSweep = this.context.time.after(SWEEP_MS, () => this.sweep());
    const now = this.context.time.monotonicMs();
    if (!this.looked && now - this.beganAt > LISTED_WITHIN_MS) this.look();
    this.tellUniverse();
    this.outlet.flush();
    this.fx.tell();
    if (now - this.toldAt < TELL_EACH_MS) return;
    this.toldAt = now;
    if (this.leaving.forget(now)) this.watch();
    for (const desk of this.desks) desk.tell();
  }

  private tellUniverse(): void {
    if (!this.universeDue || !this.context.holdsLease()) return;
    const data = { coins: this.coins, mode: this.settings.universe, why: this.universeWhy };
    this.universeDue = !this.context.say('universe', [], data);
  }
}
