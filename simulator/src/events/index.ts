export * from '../market/profiles.ts';
export * from './market-events.ts';
