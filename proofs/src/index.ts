export { PROOFS } from './catalogue.ts';
export { openFacts } from './checks/journal.ts';
export { acrossMs, longestPauseMs } from './checks/pauses.ts';
export { BUSY } from './kills/kills.ts';
export type { Proof, ProofOptions, ProofResult } from './proof.ts';
export { settingsFile } from './sessions/live-handover.ts';
export { arb } from './stack/command.ts';
export { type LiveStack, newHome, removeHome, startLiveStack } from './stack/live-stack.ts';
