export type { Bench, BenchOptions } from './bench.ts';
export type { Must, Row } from './row.ts';
