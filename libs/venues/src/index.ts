export * from './adapter.ts';
export { type Instrument, type TickStep, tickAt } from './instrument.ts';
export { backoffMs, type LimitNews, type RateLimit } from './limits.ts';
export type { MarketActivity, MarketStatus, WalletStatus } from './market-status.ts';
export { VENUES } from './registry.ts';
export { AnswerError, type RestApi, type RestRequest, type RestResponse } from './rest.ts';
export type { Hmac, SignedRequest, Signing, VenueKey } from './signing.ts';
export { type CoinNames, type CoinSpelling, coinSpelling, type SymbolMap } from './symbols.ts';
export { plainNumber } from './wire/decimal-text.ts';
