export * from './book.ts';
export type { BookSide, Changes, Instrument, MarketTrade } from './instrument.ts';
export * from './market.ts';
export * from './profiles.ts';
export * from './trade.ts';
