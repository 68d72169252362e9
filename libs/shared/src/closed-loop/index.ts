export * from './closed-loop.ts';
export * from './journal-voice.ts';
export * from './outside-source.ts';
