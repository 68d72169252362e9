/** How often each rule was the first that spoke against an entry, and how often it decided. Bounded by the number of rules. */
export interface Counters {
  readonly outcomes: { ALLOW: number; REDUCE: number; COOLDOWN: number; BLOCK: number };
  readonly rules: Map<string, { first: number; final: number }>;
}

export function newCounters(): Counters {
  return { outcomes: { ALLOW: 0, REDUCE: 0, COOLDOWN: 0, BLOCK: 0 }, rules: new Map() };
}

export function countVerdict(counters: Counters, outcome: keyof Counters['outcomes'], first: string | null, final: string | null): void {
  counters.outcomes[outcome]++;
  if (first !== null) ofRule(counters, first).first++;
  if (final !== null) ofRule(counters, final).final++;
}

function ofRule({ rules }: Counters, rule: string): { first: number; final: number } {
  let counter = rules.get(rule);
  if (counter === undefined) {
    counter = { first: 0, final: 0 };
    rules.set(rule, counter);
  }
  return counter;
}
