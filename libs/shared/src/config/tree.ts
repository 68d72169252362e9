import { Infrastructure } from './infrastructure.ts';
import { Aggregator, Alerting, Executor, Journal, Market, Risk, Strategy } from './session.ts';

/** A configuration on its way from the defaults to what is checked: sections of plain values. */
export type Draft = Record<string, Record<string, unknown>>;
export type PlainMap = Record<string, unknown>;

const SECTIONS: Readonly<Record<string, new () => object>> = {
  infrastructure: Infrastructure,
  market: Market,
  aggregator: Aggregator,
  strategy: Strategy,
  risk: Risk,
  executor: Executor,
  alerting: Alerting,
  journal: Journal,
};
export const SECTION_NAMES: readonly string[] = Object.keys(SECTIONS);
export const SESSION_SECTIONS: readonly string[] = SECTION_NAMES.filter((name) => name !== 'infrastructure');

/** A section as its class declares it, with its defaults. */
export function newSection(name: string): object {
  return new (SECTIONS[name] as new () => object)();
}

export function defaults(): Draft {
  return Object.fromEntries(SECTION_NAMES.map((name) => [name, structuredClone({ ...newSection(name) })]));
}

export function isMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Which file or variable gave a value, by its path: a fault says where to correct it. */
export class Origins {
  readonly #byPath = new Map<string, string>();

  set(path: string, origin: string): void {
    this.#byPath.set(path, origin);
  }
  has(path: string): boolean {
    return this.#byPath.has(path);
  }
  /** Of the value itself or of the nearest one around it; null where it is a default. */
  of(path: string): string | null {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0))) {
      const origin = this.#byPath.get(at);
      if (origin !== undefined) return origin;
    }
    return null;
  }
}

/** Puts `value` at `path`; maps are merged key by key, all else is replaced. */
export function put(target: PlainMap, key: string, value: unknown, path: string, origin: string, origins: Origins): void {
  origins.set(path, origin);
  const present = target[key];
  if (!isMap(present) || !isMap(value)) {
    // `__proto__` would be a key like any other only here; as an assignment it is none.
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
    return;
  }
  for (const inner of Object.keys(value)) put(present, inner, value[inner], `${path}.${inner}`, origin, origins);
}
