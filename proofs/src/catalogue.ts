import { kills } from './kills/kills.ts';
import type { Proof } from './proof.ts';

/** Every proof there is, in the order in which they are listed. */
export const PROOFS: readonly Proof[] = [kills];
