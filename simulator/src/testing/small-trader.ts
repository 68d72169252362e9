import { bookOf, type Level, type MarketSettings, makeMarket } from '../market/index.ts';

/** Average price for `worth` of the quote currency. */
function average(levels: readonly Level[], worth: number): number {
  let left = worth;
  let quantity = 0;
  for (const [price, size] of levels) {
    const taken = Math.min(left, price * size);
    quantity += taken / price;
    left -= taken;
  }
  return left > 0 ? Number.NaN : worth / quantity;
}

interface Quotes {
  readonly bid: number;
  readonly ask: number;
}

interface Order {
  readonly at: number;
  readonly buy: string;
  readonly sell: string;
}

export interface SmallTrip {
  readonly coin: string;
  readonly from: number;
  readonly to: number;
  readonly edgeBps: number;
  readonly pnlBps: number;
}

const FEES_BPS = 15;
const NOTIONAL = 500;
const ENTRY_BPS = 15;
const EXIT_BPS = 2;
/** There and back again, the way back at what it usually takes. */
const ROUND_BPS = 15;
const TAKE_BPS = 25;
const STOP_BPS = 60;
const USUAL = 20e6;
const LONGEST = 20e6;
const REST = 0.5e6;
const LATENCY = 8_000;

/**
 * The default strategy in a few lines: in at 15 bps after both fees where the whole round brings as much too, out when going
 * back costs 2 at most, with a profit of 25, a loss of 60 or after 20 s; filled on the books as they stand 8 ms later.
 */
export function smallTrips(settings: MarketSettings, seconds: number): SmallTrip[] {
  const market = makeMarket(settings);
  const [one, other] = settings.venues.map(({ name }) => name) as [string, string];
  const quotes = new Map<string, Quotes>();
  const desks = new Map(
    settings.coins.map((coin) => [coin, { open: null as (Order & { edge: number }) | null, order: null as Order | null, restUntil: 0 }]),
  );
  const trips: SmallTrip[] = [];
  const usual = new Map<string, { mean: number; last: number; at: number }>();
  const learn = (coin: string, buy: string, sell: string, at: number): void => {
    const now = edge(coin, buy, sell);
    if (Number.isNaN(now)) return;
    const key = `${buy} ${sell} ${coin}`;
    const known = usual.get(key) ?? { mean: now, last: now, at };
    const mean = known.mean + ((known.last - known.mean) * (at - known.at)) / (USUAL + at - known.at);
    usual.set(key, { mean, last: now, at });
  };
  const round = (coin: string, buy: string, sell: string): number =>
    edge(coin, buy, sell) + (usual.get(`${sell} ${buy} ${coin}`)?.mean ?? Number.NaN);
  const edge = (coin: string, buy: string, sell: string): number => {
    const [bought, sold] = [quotes.get(`${buy} ${coin}`), quotes.get(`${sell} ${coin}`)];
    return bought === undefined || sold === undefined ? Number.NaN : (sold.bid / bought.ask - 1) * 1e4 - FEES_BPS;
  };
  while (market.nextAt() <= seconds * 1e6) {
    const instrument = market.step();
    const { coin, venue, at } = instrument;
    const desk = desks.get(coin);
    if (desk === undefined) continue;
    if (desk.order !== null && desk.order.at <= at) {
      const { order, open } = desk;
      const got = edge(coin, order.buy, order.sell);
      desk.order = null;
      if (open === null) desk.open = { ...order, edge: got };
      else {
        trips.push({ coin, from: open.at, to: order.at, edgeBps: open.edge, pnlBps: open.edge + got });
        desk.open = null;
        desk.restUntil = order.at + REST;
      }
    }
    const rate = instrument.quote === 'KRW' ? market.rate() : 1;
    const { bids, asks } = bookOf(instrument, 12);
    quotes.set(`${venue} ${coin}`, { bid: average(bids, NOTIONAL * rate) / rate, ask: average(asks, NOTIONAL * rate) / rate });
    learn(coin, one, other, at);
    learn(coin, other, one, at);
    if (desk.order !== null) continue;
    if (desk.open !== null) {
      const { buy, sell } = desk.open;
      const back = edge(coin, sell, buy);
      const profit = desk.open.edge + back;
      if (-back <= EXIT_BPS || profit >= TAKE_BPS || profit <= -STOP_BPS || at - desk.open.at >= LONGEST)
        desk.order = { at: at + LATENCY, buy: sell, sell: buy };
      continue;
    }
    const [forth, back] = [edge(coin, one, other), edge(coin, other, one)];
    const [buy, sell] = forth > back ? [one, other] : [other, one];
    if (at < desk.restUntil || !(Math.max(forth, back) >= ENTRY_BPS) || !(round(coin, buy, sell) >= ROUND_BPS)) continue;
    desk.order = { at: at + LATENCY, buy, sell };
  }
  return trips;
}

export function winShare(trips: readonly SmallTrip[]): number {
  return trips.filter(({ pnlBps }) => pnlBps > 0).length / trips.length;
}
