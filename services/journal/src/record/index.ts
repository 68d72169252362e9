export * from './deps.ts';
export * from './recorder.ts';
export * from './session-keeper.ts';
