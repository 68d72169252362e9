export * from './catalog.ts';
export * from './envelope.ts';
export { BOOT, COIN, type Leg, MODES, PAIR, type RoundTrip, VENUE } from './events.ts';
export * from './names.ts';
