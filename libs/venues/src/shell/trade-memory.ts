import type { TradeOut } from '../adapter.ts';

/** Of each code: two connections overlap for a few seconds only. */
const REMEMBERED = 256;

/** While two connections overlap both say the same trades; each is said on once. */
export class TradeMemory {
  private readonly seen = new Map<string, Set<string>>();

  isNew({ code, id }: Pick<TradeOut, 'code' | 'id'>): boolean {
    const ids = this.seen.get(code) ?? new Set<string>();
    this.seen.set(code, ids);
    if (ids.has(id)) return false;
    ids.add(id);
    // Sets keep the order in which they were filled.
    if (ids.size > REMEMBERED) ids.delete(ids.values().next().value as string);
    return true;
  }
}
