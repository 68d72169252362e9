/**
 * Which round trips and transfers have begun, so that a verdict which comes late or twice begins none again. Their ids
 * count up behind a common prefix (`BTC-17`): the newest are known one by one, all older ones by the highest number
 * that fell out of the list. So it stays small for ever.
 */
export interface Begun {
  readonly recent: Set<string>;
  readonly floors: Map<string, number>;
}

const MOST_RECENT = 256;
const MOST_PREFIXES = 4000;

export function newBegun(): Begun {
  return { recent: new Set(), floors: new Map() };
}

function parted(id: string): { prefix: string; number: number } | null {
  const dash = id.lastIndexOf('-');
  const digits = id.slice(dash + 1);
  return dash < 0 || !/^\d{1,15}$/.test(digits) ? null : { prefix: id.slice(0, dash), number: Number(digits) };
}

export function hasBegun({ recent, floors }: Begun, id: string): boolean {
  if (recent.has(id)) return true;
  const parts = parted(id);
  return parts !== null && parts.number <= (floors.get(parts.prefix) ?? -1);
}

export function noteBegun({ recent, floors }: Begun, id: string): void {
  recent.add(id);
  if (recent.size <= MOST_RECENT) return;
  const oldest = recent.values().next().value as string;
  recent.delete(oldest);
  const parts = parted(oldest);
  if (parts === null) return;
  const before = floors.get(parts.prefix);
  if (before !== undefined && before >= parts.number) return;
  if (before === undefined && floors.size >= MOST_PREFIXES) floors.delete(floors.keys().next().value as string);
  floors.set(parts.prefix, parts.number);
}
