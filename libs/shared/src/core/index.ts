export * from './alerting.ts';
export * from './config.ts';
export * from './core.ts';
export * from './rate-age.ts';
export * from './rate-pairs.ts';
export * from './versions.ts';
