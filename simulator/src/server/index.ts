export * from './say.ts';
export * from './sent-log.ts';
export * from './simulator.ts';
