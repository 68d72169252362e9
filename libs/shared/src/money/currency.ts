/**
 * Decimal places at which an amount of a currency is booked. The venues book finer than people pay: Upbit keeps KRW
 * balances and fees with fractions of a won, so whole won would lose part of every fee. Four places hold any KRW fee of
 * 0.05 % on a value in whole won exactly; Binance books USDT and coins to eight places, Upbit coins to eight.
 */
const PLACES: ReadonlyMap<string, number> = new Map([
  ['KRW', 4],
  ['USDT', 8],
]);
const COIN_PLACES = 8;

export function placesOf(currency: string): number {
  return PLACES.get(currency) ?? COIN_PLACES;
}
