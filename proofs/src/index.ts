export { PROOFS } from './catalogue.ts';
export type { Proof, ProofOptions, ProofResult } from './proof.ts';
