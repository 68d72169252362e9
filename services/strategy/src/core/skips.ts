/** The same refusal of the same coin is said once in this time: enough for `why-not`, too little to flood the stream. */
const QUIET_MICROS = 5_000_000;

/** When a coin's decision was last refused by each rule. Entries are bounded by the number of rules. */
export type Skips = Map<string, number>;

export function maySkip(skips: Skips, rule: string, now: number): boolean {
  const last = skips.get(rule);
  if (last !== undefined && now - last < QUIET_MICROS) return false;
  skips.set(rule, now);
  return true;
}
