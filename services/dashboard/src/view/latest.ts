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

/** Beyond the limit the item changed longest ago goes; one that `spare` holds on to goes only where there is no other. */
export function makeLatest<T>(most: number, spare: (item: T) => boolean = () => false): Latest<T> {
  const items = new Map<string, T>();
  const changed = new Set<string>();

  function evict(): void {
    let victim = items.keys().next().value as string;
    for (const [key, item] of items) {
      if (spare(item)) continue;
      victim = key;
      break;
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
