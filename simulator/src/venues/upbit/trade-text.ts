import { tradeOf } from '../../market/index.ts';
import type { Listing } from '../../server/listing.ts';

export type TradeFormat = 'DEFAULT' | 'SIMPLE';

/** The newest public trade of a pair; null where its newest book came without one. */
export function tradeText(listing: Listing, format: TradeFormat, opening: number): string | null {
  const trade = tradeOf(listing.instrument);
  if (trade === null) return null;
  const at = new Date(listing.changedAt).toISOString();
  const [day, time] = [at.slice(0, 10), at.slice(11, 19)];
  const side = trade.side === 'buy' ? 'BID' : 'ASK';
  const change = trade.price > opening ? 'RISE' : trade.price < opening ? 'FALL' : 'EVEN';
  const moved = Number(Math.abs(trade.price - opening).toPrecision(8));
  const { code, changedAt, tradeId } = listing;
  return format === 'SIMPLE'
    ? `{"ty":"trade","cd":"${code}","tms":${changedAt},"td":"${day}","ttm":"${time}","ttms":${changedAt},"tp":${trade.price},"tv":${trade.size},"ab":"${side}","pcp":${opening},"c":"${change}","cp":${moved},"sid":${tradeId}0,"st":"REALTIME"}`
    : `{"type":"trade","code":"${code}","timestamp":${changedAt},"trade_date":"${day}","trade_time":"${time}","trade_timestamp":${changedAt},"trade_price":${trade.price},"trade_volume":${trade.size},"ask_bid":"${side}","prev_closing_price":${opening},"change":"${change}","change_price":${moved},"sequential_id":${tradeId}0,"stream_type":"REALTIME"}`;
}
