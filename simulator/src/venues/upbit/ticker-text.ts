import { priceOf } from '../../market/index.ts';
import type { Listing } from '../../server/listing.ts';

/** What a pair costs, and what was traded of it in a day. */
export function tickerOf(listing: Listing, opening: number, turnover: number) {
  const { instrument, changedAt, code } = listing;
  const price = priceOf(instrument, instrument.bids.best);
  const [high, low] = [Math.max(price, opening), Math.min(price, opening)];
  return {
    market: code,
    opening_price: opening,
    high_price: high,
    low_price: low,
    trade_price: price,
    prev_closing_price: opening,
    change: price > opening ? 'RISE' : price < opening ? 'FALL' : 'EVEN',
    change_price: Number(Math.abs(price - opening).toPrecision(8)),
    change_rate: Number(Math.abs(price / opening - 1).toFixed(6)),
    acc_trade_price_24h: turnover,
    acc_trade_volume_24h: Number((turnover / price).toPrecision(8)),
    timestamp: changedAt,
  };
}

export function tickerText(listing: Listing, format: 'DEFAULT' | 'SIMPLE', opening: number, turnover: number): string {
  const { market, ...ticker } = tickerOf(listing, opening, turnover);
  return format === 'SIMPLE'
    ? JSON.stringify({
        ty: 'ticker',
        cd: market,
        op: ticker.opening_price,
        hp: ticker.high_price,
        lp: ticker.low_price,
        tp: ticker.trade_price,
        pcp: ticker.prev_closing_price,
        c: ticker.change,
        atp24h: ticker.acc_trade_price_24h,
        atv24h: ticker.acc_trade_volume_24h,
        tms: ticker.timestamp,
        st: 'REALTIME',
      })
    : JSON.stringify({ type: 'ticker', code: market, ...ticker, stream_type: 'REALTIME' });
}
