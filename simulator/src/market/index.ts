export * from './book.ts';
export type { Instrument } from './instrument.ts';
export * from './market.ts';
