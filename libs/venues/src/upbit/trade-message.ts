import type { Micros, TradeOut } from '../adapter.ts';
import { toFifteen } from '../wire/decimal-text.ts';
import { decimalOf, field, type JsonObject, textOf, wholeOf } from '../wire/json-text.ts';
import { toMicros } from '../wire/time.ts';

/** A public trade; text: what is wrong with it. */
export function readTrade(object: JsonObject, code: string, symbol: string, receivedAt: Micros): TradeOut | string {
  // Beyond 2^53: an id is text, whatever it looks like.
  const id = decimalOf(field(object, 'sequential_id', 'sid', 'sequentialId'));
  if (id === null) return 'the trade has no sequential id';
  const side = textOf(field(object, 'ask_bid', 'ab', 'askBid'));
  if (side !== 'ASK' && side !== 'BID') return 'the trade is neither ASK nor BID';
  const price = toFifteen(decimalOf(field(object, 'trade_price', 'tp', 'tradePrice')) ?? '', 'down');
  const size = toFifteen(decimalOf(field(object, 'trade_volume', 'tv', 'tradeVolume')) ?? '', 'down');
  if (price === null || size === null || price.value === 0 || size.value === 0) return 'the trade has no price or no volume';
  const at = wholeOf(field(object, 'trade_timestamp', 'ttms', 'tradeTimestamp'));
  return {
    kind: 'trade',
    code,
    symbol,
    id,
    side: side === 'ASK' ? 'sell' : 'buy',
    price: price.value,
    size: size.value,
    exchangeAt: at === null ? null : toMicros(at),
    receivedAt,
  };
}
