import type { AlertRules, Routing, Severity } from '@arb/shared/core';
import type { TrialStack } from './trial-stack.ts';

/** Something that goes wrong, caused for real in a running stack, and exactly what people must be told of it. */
export interface Incident {
  readonly name: string;
  readonly says: string;
  readonly rule: string;
  readonly severity: Severity;
  /** Part of what the message says. */
  readonly text: string;
  /** `ARB_…` settings that the stack runs with. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Rules that wait for minutes, made to wait for seconds. */
  readonly rules?: (set: AlertRules) => AlertRules;
  /** Messages of this rule on each channel, from the first to the last. */
  readonly expected: Readonly<Record<Routing, Readonly<Record<'telegram' | 'slack', number>>>>;
  /** Of a rule that ends: it is over before the run is. */
  readonly ends: boolean;
  cause(stack: TrialStack): Promise<void>;
}
