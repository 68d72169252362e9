export { PROFILES, type Profile } from './faults.ts';
export { type Proved, type ProveOptions, proveSimulation } from './prove.ts';
export { runSeed, type SeedRun } from './run-seed.ts';
