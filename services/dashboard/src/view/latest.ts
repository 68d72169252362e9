/** The latest items by key, at most `most`; what is evicted and what changed since it was last asked for. */
export interface Latest<T> {
  put(key: string, item: T): void;
  get(key: string): T | undefined;
  /** Oldest change first. */
  all(): readonly T[];
  /** What was put since the last call and is still there. */
  takeChanged(): readonly T[];
  clear(): void;
}

/** Beyond the limit the item that is worth least goes, of those the one changed longest ago. */
export function makeLatest<T>(most: number, worth: (item: T) => number = () => 0): Latest<T> {
  const items = new Map<string, T>();
  const changed = new Set<string>();

  function evict(): void {
    let victim = '';
    let least = Number.POSITIVE_INFINITY;
    for (const [key, item] of items) {
      const present = worth(item);
      if (present >= least) continue;
      [victim, least] = [key, present];
      if (least === 0) break;
    }
    items.delete(victim);
    changed.delete(victim);
  }

  return {
    put(key, item) {
      items.delete(key);
      if (items.size >= most) evict();
      items.set(key, item);
      changed.add(key);
    },
    get: (key) => items.get(key),
    all: () => [...items.values()],
    takeChanged() {
      const taken: T[] = [];
      for (const [key, item] of items) if (changed.has(key)) taken.push(item);
      changed.clear();
      return taken;
    },
    clear() {
      items.clear();
      changed.clear();
    },
  };
}
