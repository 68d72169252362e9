/** How often a route was entered lately, and how it went. */
export interface RouteWatch {
  /** When it was entered, oldest first; only what is still counted. */
  entries: number[];
  /** Losses in a row. */
  streak: number;
}

export type RouteWatches = Map<string, RouteWatch>;

/** The route that nothing happened on for the longest time is forgotten first. */
export const MOST_ROUTES = 2000;

/** To be changed: the route counts as the latest used. */
export function touchRoute(routes: RouteWatches, route: string): RouteWatch {
  const watch = routes.get(route) ?? { entries: [], streak: 0 };
  routes.delete(route);
  if (routes.size >= MOST_ROUTES) routes.delete(routes.keys().next().value as string);
  routes.set(route, watch);
  return watch;
}

export function countEntry(watch: RouteWatch, now: number, windowMicros: number, most: number): void {
  watch.entries = [...watch.entries.filter((at) => at > now - windowMicros), now].slice(-most);
}

/** Entries that still count, and when the oldest of them stops to. */
export function entriesSince(watch: RouteWatch | undefined, from: number): number {
  if (watch === undefined) return 0;
  let counted = 0;
  for (let i = watch.entries.length - 1; i >= 0 && (watch.entries[i] as number) > from; i--) counted++;
  return counted;
}
