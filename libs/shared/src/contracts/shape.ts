/**
 * Field checks for event data: a shape is a function from a value to the first thing wrong with it, or null.
 * Written by hand because the general validators cost tens of microseconds for an order book, these one or two.
 */
export type Shape<T> = ((value: unknown, path: string) => string | null) & { readonly type?: T };

/** The TypeScript type that a shape accepts: event types are read off their shapes, so that each is written once. */
export type Of<S> = S extends Shape<infer T> ? T : never;

type Fields = Readonly<Record<string, Shape<unknown>>>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Of<F[K]> ? K : never }[keyof F];
type RecordOf<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Of<F[K]>;
};

const MAX_TEXT = 4_096;

/** For a sentence, never by recursion: what is shown may be nested without end. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function wrong(path: string, expected: string, value: unknown): string {
  return `${path}: expected ${expected}, found ${shown(value)}`;
}

/** A finite number that JSON gives back as it was: no NaN, no Infinity. (−0 is written as 0 by JSON itself.) */
export const number: Shape<number> = (value, path) =>
  typeof value === 'number' && value - value === 0 ? null : wrong(path, 'a finite number', value);

export const positive: Shape<number> = (value, path) =>
  typeof value === 'number' && value > 0 && value - value === 0 ? null : wrong(path, 'a number above 0', value);

export const fraction: Shape<number> = (value, path) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? null : wrong(path, 'a number from 0 to 1', value);

export const count: Shape<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : wrong(path, 'a whole number from 0', value);

export const integer: Shape<number> = (value, path) => (Number.isSafeInteger(value) ? null : wrong(path, 'a whole number', value));

export const boolean: Shape<boolean> = (value, path) => (typeof value === 'boolean' ? null : wrong(path, 'true or false', value));

export const text: Shape<string> = (value, path) =>
  typeof value === 'string' && value.length <= MAX_TEXT ? null : wrong(path, `text of at most ${MAX_TEXT} characters`, value);

export function matching(pattern: RegExp, what: string): Shape<string> {
  return (value, path) => (typeof value === 'string' && pattern.test(value) ? null : wrong(path, what, value));
}

export function oneOf<const C extends readonly string[]>(...choices: C): Shape<C[number]> {
  const known = new Set<string>(choices);
  return (value, path) => (typeof value === 'string' && known.has(value) ? null : wrong(path, `one of ${choices.join(', ')}`, value));
}

/** A booked amount: a decimal string without exponent, `-12.50`. Its currency stands beside it. */
export const decimal: Shape<string> = matching(/^-?(0|[1-9]\d{0,24})(\.\d{1,18})?$/, 'a decimal number as text');

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined ? null : shape(value, path));
}

export function list<T>(item: Shape<T>, most: number): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, 'a list', value);
    if (value.length > most) return `${path}: expected at most ${most} entries, found ${value.length}`;
    for (let i = 0; i < value.length; i++) {
      const fault = item(value[i], path);
      if (fault !== null) return `${path}[${i}]: ${fault}`;
    }
    return null;
  };
}

/** An object with exactly these fields (those made by `optional` may be missing), no others. */
export function record<const F extends Fields>(fields: F): Shape<RecordOf<F>> {
  const names = Object.keys(fields);
  const known = new Set(names);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, 'an object', value);
    const entries = value as Record<string, unknown>;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const fault = (fields[name] as Shape<unknown>)(entries[name], name);
      if (fault !== null) return `${path}.${fault}`;
    }
    for (const name in entries) if (!known.has(name)) return `${path}.${name}: is not a field of this event`;
    return null;
  };
}

/** An object of any keys, each value of one shape. */
export function dictionary<T>(item: Shape<T>, most: number): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, 'an object', value);
    const keys = Object.keys(value);
    if (keys.length > most) return `${path}: expected at most ${most} entries, found ${keys.length}`;
    for (const key of keys) {
      const fault = item((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (fault !== null) return fault;
    }
    return null;
  };
}

/** Plain JSON of bounded depth and size: for the configuration inside `session.started`. */
export function json(depth: number): Shape<unknown> {
  return (value, path) => {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return null;
    if (typeof value === 'number') return number(value, path);
    if (depth === 0 || typeof value !== 'object') return wrong(path, 'plain JSON', value);
    const inner = json(depth - 1);
    for (const key of Object.keys(value)) {
      const fault = inner((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (fault !== null) return fault;
    }
    return null;
  };
}

/** Price levels `[[price, size], …]`, best first, as market-data says them: the hot one, so it is written out. */
export function levels(most: number): Shape<readonly (readonly [price: number, size: number])[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, 'a list of levels', value);
    if (value.length > most) return `${path}: expected at most ${most} levels, found ${value.length}`;
    for (let i = 0; i < value.length; i++) {
      const level = value[i] as unknown;
      if (
        !Array.isArray(level) ||
        level.length !== 2 ||
        typeof level[0] !== 'number' ||
        typeof level[1] !== 'number' ||
        !(level[0] > 0 && level[0] < Infinity && level[1] > 0 && level[1] < Infinity)
      )
        return wrong(`${path}[${i}]`, '[price above 0, size above 0]', level);
    }
    return null;
  };
}
