import { compare, type Decimal, ZERO } from '@arb/shared/money';
import type { Facts } from './facts.ts';
import type { Tier } from './mode.ts';
import { reduced } from './reduce.ts';
import { type Decision, type Entry, type Finding, GATE, RULES, type SizedEntry, TRANSFER } from './rules/index.ts';
import type { Settings } from './settings.ts';

/** A rule that spoke against an entry. */
export interface Trigger {
  readonly rule: string;
  readonly tier: Tier;
  readonly finding: Finding;
}

export interface Weighed {
  readonly outcome: 'ALLOW' | 'REDUCE' | 'COOLDOWN' | 'BLOCK';
  readonly first: Trigger | null;
  readonly deciding: Trigger | null;
  /** As it may be carried out, and for how much. */
  readonly decision: Decision | null;
  readonly granted: Decimal | null;
}

/**
 * Holds an entry against every rule in the order of the tiers. A refusal decides: BLOCK over COOLDOWN over REDUCE, the
 * first of its kind; of those that would reduce, the one that leaves the least.
 */
export function weigh(entry: Entry, facts: Facts, settings: Settings): Weighed {
  for (const rule of GATE) {
    const finding = rule.weigh(entry, facts, settings);
    if (finding !== null) return refused(triggerOf(rule, finding), null);
  }
  const sized = entry as SizedEntry;
  let first: Trigger | null = null;
  let deciding: Trigger | null = null;
  for (const rule of RULES) {
    const finding = rule.weigh(sized, facts, settings);
    if (finding === null) continue;
    const trigger = triggerOf(rule, finding);
    first ??= trigger;
    // Nothing is stricter, and the first of its kind stands.
    if (finding.outcome === 'BLOCK') return refused(trigger, first);
    if (deciding === null || stricterThan(finding, deciding.finding)) deciding = trigger;
  }
  if (deciding === null) return { outcome: 'ALLOW', first, deciding, decision: entry.decision, granted: entry.asked };
  if (deciding.finding.outcome !== 'REDUCE') return refused(deciding, first);
  const smaller = reduced(sized.decision, sized.asked, deciding.finding.room, settings);
  return smaller === null ? refused(deciding, first, 'BLOCK') : { outcome: 'REDUCE', first, deciding, ...smaller };
}

/** Inventory that is to be sent from venue to venue: the first rule against it decides, and nothing is reserved for it. */
export function weighTransfer(entry: Entry, facts: Facts, settings: Settings): Weighed {
  const sized: SizedEntry = { ...entry, asked: ZERO };
  for (const rule of TRANSFER) {
    const finding = rule.weigh(sized, facts, settings);
    if (finding !== null) return refused(triggerOf(rule, finding), null);
  }
  return passed(entry.decision);
}

/** What meets no limit. */
export function passed(decision: Decision): Weighed {
  return { outcome: 'ALLOW', first: null, deciding: null, decision, granted: null };
}

function triggerOf({ rule, tier }: { readonly rule: string; readonly tier: Tier }, finding: Finding): Trigger {
  const named = finding.outcome === 'REDUCE' ? undefined : finding.as;
  return { rule: named?.rule ?? rule, tier: named?.tier ?? tier, finding };
}

function stricterThan(finding: Finding, other: Finding): boolean {
  if (finding.outcome === 'REDUCE') return other.outcome === 'REDUCE' && compare(finding.room, other.room) < 0;
  return other.outcome === 'REDUCE';
}

function refused(deciding: Trigger, first: Trigger | null, outcome = deciding.finding.outcome): Weighed {
  return { outcome, first: first ?? deciding, deciding, decision: null, granted: null };
}
