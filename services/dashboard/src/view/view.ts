import type { AnyEvent, DataOf } from '@arb/shared/contracts';
import { type CoinRow, coinRow } from './coin-row.ts';
import { type Curve, type CurveChange, makeCurve } from './curve.ts';
import { makeLatest } from './latest.ts';
import { makePace, type Rates } from './pace.ts';
import { makeRoster, type ServiceRow } from './roster.ts';
import {
  type AlertRow,
  alertRow,
  type BalanceRow,
  type Book,
  delivered,
  earlierTrip,
  type FillRow,
  isDone,
  isOver,
  type OrderRow,
  orderRow,
  placed,
  type TripRow,
  tripRow,
  worthOfTrip,
} from './rows.ts';
import { afterEvent, NO_SESSION, type SessionFacts, summaryOf } from './session-facts.ts';

export const LIMITS = { coins: 1_000, fills: 200, orders: 200, trips: 200, venues: 32, alerts: 100, points: 2_000 } as const;

export type ClockFacts = DataOf<'clock'> & { readonly at: number };

/** How free trading is, and what its limits are held against, as risk last said. */
export type GuardFacts = Pick<DataOf<'guard'>, 'mode' | 'rule' | 'why' | 'closed' | 'exposure' | 'dailyPnl' | 'equity' | 'drawdown'>;
/** How trading goes, as the executor last said. */
export type KpiFacts = Pick<DataOf<'kpi'>, 'trips' | 'realised' | 'unrealised' | 'drawdown' | 'numbers' | 'kept'>;

interface Lists {
  readonly coins: readonly CoinRow[];
  readonly fills: readonly FillRow[];
  readonly orders: readonly OrderRow[];
  readonly trips: readonly TripRow[];
  readonly balances: readonly BalanceRow[];
  readonly alerts: readonly AlertRow[];
}

/** Everything that is shown, but for the levels of the books. */
export interface State extends Lists {
  readonly session: SessionFacts;
  readonly position: number;
  readonly clock: ClockFacts | null;
  readonly services: readonly ServiceRow[];
  readonly rates: Rates;
  readonly pnl: ReturnType<Curve['whole']>;
  readonly guard: GuardFacts | null;
  readonly kpi: KpiFacts | null;
}

/** What is other than at the last change: of lists the rows that are new or changed, of the rest the whole value. */
export type Change = Partial<Lists & Pick<State, 'session' | 'clock' | 'services' | 'rates' | 'guard' | 'kpi'>> & {
  readonly position: number;
  readonly pnl?: CurveChange;
};

/** The session as it stands now, in bounded memory, made of nothing but the events heard. */
export interface View {
  /** Forgets everything: a session is heard anew. */
  begin(): void;
  hear(event: AnyEvent): void;
  goLive(session: string, config: unknown): void;
  end(): void;
  state(): State;
  book(coin: string): Book | null;
  books(): readonly Book[];
  /** Since the last call; `renewed` where what went before is void and only the whole state says what is. */
  takeChange(): Change | 'renewed' | null;
}

export function makeView(): View {
  const books = makeLatest<Book>(LIMITS.coins);
  const coins = makeLatest<CoinRow>(LIMITS.coins);
  const fills = makeLatest<FillRow>(LIMITS.fills);
  const orders = makeLatest<OrderRow>(LIMITS.orders, ({ state }) => (isDone(state) ? 0 : 1));
  const trips = makeLatest<TripRow>(LIMITS.trips, worthOfTrip);
  const balances = makeLatest<BalanceRow>(LIMITS.venues);
  const alerts = makeLatest<AlertRow>(LIMITS.alerts, ({ state }) => (state === 'raised' ? 1 : 0));
  const lists = { coins, fills, orders, trips, balances, alerts };
  const curve = makeCurve(LIMITS.points);
  const pace = makePace();
  const roster = makeRoster();
  let session = NO_SESSION;
  let position = 0;
  let clock: ClockFacts | null = null;
  let guard: GuardFacts | null = null;
  let kpi: KpiFacts | null = null;
  let renewed = true;
  const changed = { any: false, session: false, clock: false, services: false, rates: false, guard: false, kpi: false };

  function change(what: Exclude<keyof typeof changed, 'any'>): void {
    changed[what] = true;
  }

  function know(facts: SessionFacts): void {
    session = facts;
    changed.any = true;
    change('session');
  }

  function hearData(event: AnyEvent): void {
    switch (event.type) {
      case 'clock':
        clock = { ...event.data, at: event.at };
        change('clock');
        if (pace.clock(event.at)) change('rates');
        return;
      case 'l2':
        books.put(event.data.coin, placed(event));
        coins.put(event.data.coin, coinRow(event));
        return;
      case 'fill':
        fills.put(String(event.position), placed(event));
        return;
      case 'order':
        orders.put(event.data.order, orderRow(event));
        return;
      case 'position':
        trips.put(event.data.trip, tripRow(event, trips.get(event.data.trip)));
        if (isOver(event.data.state) && event.data.pnl !== null) curve.add(event.at, event.data.pnl);
        return;
      case 'balance':
        balances.put(event.data.venue, placed(event));
        return;
      case 'alert':
        alerts.put(event.data.key, alertRow(event));
        return;
      case 'alert.delivery': {
        const row = alerts.get(event.data.key);
        // Of a raise that has been closed since, nothing is said any more.
        if (row?.id === event.data.id) alerts.put(event.data.key, delivered(row, event));
        return;
      }
      case 'guard': {
        const { mode, rule, why, closed, exposure, dailyPnl, equity, drawdown } = event.data;
        guard = { mode, rule, why, closed, exposure, dailyPnl, equity, drawdown };
        change('guard');
        return;
      }
      case 'kpi': {
        const { trips: count, realised, unrealised, drawdown, numbers, open = [], kept = [] } = event.data;
        for (const trip of open) if (trips.get(trip.trip) === undefined) trips.put(trip.trip, earlierTrip(event, trip));
        kpi = { trips: count, realised, unrealised, drawdown, numbers, kept };
        change('kpi');
        return;
      }
      // Balances say what has come of them.
      case 'transfer':
      case 'reconciliation':
        return;
      case 'service.started':
        roster.started(event);
        change('services');
        return;
      case 'service.heartbeat':
        roster.heartbeat(event);
        change('services');
        return;
      case 'service.stopping':
        roster.stopping(event);
        change('services');
        return;
      case 'lease':
        roster.lease(event);
        change('services');
        return;
      // Of the venues the page shows what the merged books say.
      case 'health':
        return;
      default:
        know(afterEvent(session, event));
    }
  }

  return {
    begin() {
      for (const list of [books, ...Object.values(lists)]) list.clear();
      curve.clear();
      pace.clear();
      roster.clear();
      session = NO_SESSION;
      position = 0;
      clock = null;
      guard = null;
      kpi = null;
      renewed = true;
    },

    hear(event) {
      changed.any = true;
      position = event.position;
      pace.count(event.type);
      if (session.id === null) know({ ...session, id: event.session, from: event.position, stage: 'catching up' });
      hearData(event);
    },

    goLive(id, config) {
      const stage = session.stage === 'stopping' || session.stage === 'stopped' ? session.stage : 'live';
      know({ ...session, id, stage, config: session.config ?? (config === null ? null : summaryOf(config)) });
    },

    end() {
      if (session.id !== null && session.stage !== 'stopped') know({ ...session, stage: 'waiting' });
    },

    state: () => ({
      session,
      position,
      clock,
      coins: coins.all(),
      fills: fills.all(),
      orders: orders.all(),
      trips: trips.all(),
      balances: balances.all(),
      services: roster.all(),
      alerts: alerts.all(),
      rates: pace.rates(),
      pnl: curve.whole(),
      guard,
      kpi,
    }),

    book: (coin) => books.get(coin) ?? null,
    books: () => books.all(),

    takeChange() {
      books.takeChanged();
      const out: { -readonly [K in keyof Change]: Change[K] } = { position };
      for (const name of Object.keys(lists) as (keyof Lists)[]) {
        const rows = lists[name].takeChanged();
        if (rows.length > 0) Object.assign(out, { [name]: rows });
      }
      const pnl = curve.takeChange();
      if (pnl !== null) out.pnl = pnl;
      if (changed.session) out.session = session;
      if (changed.clock && clock !== null) out.clock = clock;
      if (changed.services) out.services = roster.all();
      if (changed.rates) out.rates = pace.rates();
      if (changed.guard) out.guard = guard;
      if (changed.kpi) out.kpi = kpi;
      const any = changed.any;
      const anew = renewed;
      renewed = false;
      Object.assign(changed, { any: false, session: false, clock: false, services: false, rates: false, guard: false, kpi: false });
      return anew ? 'renewed' : any ? out : null;
    },
  };
}
