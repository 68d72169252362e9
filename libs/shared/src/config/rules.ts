import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';

/** What a setting may be. `allowed` is for people; `check` gives every fault of a value, with the path of the part at fault. */
export interface Rule {
  readonly kind: 'number' | 'text' | 'flag' | 'list' | 'map';
  readonly allowed: string;
  /** A map with one entry for each venue of `market.venues`. */
  readonly perVenue?: true;
  check(value: unknown, path: string): readonly Fault[];
}

/** The words of the market as a configuration may spell them. */
export const COIN_WORD = /^[A-Z0-9]{1,20}$/;
export const VENUE_WORD = /^[a-z][a-z0-9]{1,19}$/;
const DECIMAL = /^(0|[1-9]\d{0,24})(\.\d{1,18})?$/;

function simple(kind: Rule['kind'], allowed: string, good: (value: unknown) => boolean, remedy: string): Rule {
  return {
    kind,
    allowed,
    check: (value, path) => (good(value) ? [] : [{ path, value, reason: `is not ${allowed}`, remedy }]),
  };
}

export function whole(min: number, max: number): Rule {
  return simple(
    'number',
    `a whole number from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    'write such a number',
  );
}

export function numeric(min: number, max: number): Rule {
  return simple(
    'number',
    `a number from ${min} to ${max}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
    'write such a number',
  );
}

/** Money and quantities: text, because a number would be rounded. */
export function amount(sign: 'above 0' | 'from 0'): Rule {
  return simple(
    'text',
    `a decimal number as text, ${sign}`,
    (value) => typeof value === 'string' && DECIMAL.test(value) && (sign === 'from 0' || /[1-9]/.test(value)),
    "write it in quotes, such as '1000' or '0.25'",
  );
}

export function choice(...choices: readonly string[]): Rule {
  const allowed = `one of ${choices.join(' | ')}`;
  return simple('text', allowed, (value) => typeof value === 'string' && choices.includes(value), 'choose one of these');
}

export function text(pattern: RegExp, allowed: string, remedy: string): Rule {
  return simple('text', allowed, (value) => typeof value === 'string' && pattern.test(value), remedy);
}

export const coin = text(COIN_WORD, 'a currency or coin', 'write it in capitals, such as BTC');
export const venueName = text(VENUE_WORD, 'the name of a venue', 'write it in small letters, such as upbit');

export function optional(rule: Rule): Rule {
  return { ...rule, allowed: `${rule.allowed}, or nothing`, check: (value, path) => (value === null ? [] : rule.check(value, path)) };
}

export function flag(): Rule {
  return simple('flag', 'true or false', (value) => typeof value === 'boolean', 'write true or false');
}

/** An address of one of these schemes with a host. */
export function address(...schemes: readonly string[]): Rule {
  const good = (value: unknown): boolean => {
    // `<host>` is what a template says; whether it may stay is for the environment to decide.
    if (typeof value !== 'string' || value.length > 1000 || !URL.canParse(value.replaceAll(/<[^<>]*>/g, 'placeholder'))) return false;
    const url = new URL(value.replaceAll(/<[^<>]*>/g, 'placeholder'));
    return schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== '';
  };
  return simple(
    'text',
    `an address with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    good,
    `write it such as ${schemes[0]}://host:port`,
  );
}

/** One address, or several of the same kind with commas between them: servers that stand in for each other. */
export function addresses(most: number, ...schemes: readonly string[]): Rule {
  const one = address(...schemes);
  return simple(
    'text',
    `${one.allowed}, or up to ${most} with commas between them`,
    (value) => {
      if (typeof value !== 'string') return false;
      const parts = addressesIn(value);
      return parts.length <= most && new Set(parts).size === parts.length && parts.every((part) => one.check(part, '').length === 0);
    },
    `write it such as ${schemes[0]}://host:port, each server once`,
  );
}

export function addressesIn(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/** A list without doubles; `keyOf` says what makes two items the same. */
export function list(item: Rule, most: number, keyOf: (value: unknown) => unknown = (value) => value): Rule {
  return {
    kind: 'list',
    allowed: `a list of 1 to ${most}, each ${item.allowed}`,
    check(value, path) {
      if (!Array.isArray(value) || value.length === 0 || value.length > most)
        return [{ path, value, reason: `is not a list of 1 to ${most} entries`, remedy: 'write such a list' }];
      const faults = value.flatMap((entry, i) => item.check(entry, `${path}[${i}]`));
      const keys = value.map(keyOf);
      keys.forEach((key, i) => {
        const first = keys.indexOf(key);
        if (first < i)
          faults.push({ path: `${path}[${i}]`, value: value[i], reason: `is already at [${first}]`, remedy: 'leave one of them out' });
      });
      return faults;
    },
  };
}

/** Values in an order that means something; the same one may come twice. */
export function row(item: Rule, least: number, most: number): Rule {
  return {
    kind: 'list',
    allowed: `a list of ${least} to ${most}, each ${item.allowed}`,
    check(value, path) {
      if (!Array.isArray(value) || value.length < least || value.length > most)
        return [{ path, value, reason: `is not a list of ${least} to ${most} entries`, remedy: 'write such a list' }];
      return value.flatMap((entry, i) => item.check(entry, `${path}[${i}]`));
    },
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Exactly these keys. */
export function record(fields: Readonly<Record<string, Rule>>): Rule {
  const names = Object.keys(fields);
  const allowed = `{ ${names.map((name) => `${name}: ${(fields[name] as Rule).allowed}`).join(', ')} }`;
  return {
    kind: 'map',
    allowed,
    check(value, path) {
      if (!isMap(value)) return [{ path, value, reason: `is not ${allowed}`, remedy: `give it the keys ${names.join(', ')}` }];
      const unknown = Object.keys(value).filter((key) => !names.includes(key));
      return [
        ...unknown.map((key) => ({
          path: `${path}.${key}`,
          value: value[key],
          reason: 'is not a key here',
          remedy: `did you mean ${nearest(key, names)}?`,
        })),
        ...names.flatMap((name) => (fields[name] as Rule).check(value[name], `${path}.${name}`)),
      ];
    },
  };
}

/** Free keys of one spelling, each value of one rule. */
export function dictionary(key: RegExp, keyName: string, item: Rule, most: number): Rule {
  return {
    kind: 'map',
    allowed: `by ${keyName}: ${item.allowed}`,
    check(value, path) {
      if (!isMap(value)) return [{ path, value, reason: `is not a map by ${keyName}`, remedy: `write one line for each ${keyName}` }];
      const keys = Object.keys(value);
      if (keys.length > most) return [{ path, value: keys.length, reason: `is more than ${most} entries`, remedy: 'leave some out' }];
      return keys.flatMap((name) =>
        key.test(name)
          ? item.check(value[name], `${path}.${name}`)
          : [{ path: `${path}.${name}`, value: value[name], reason: `is not spelt like a ${keyName}`, remedy: 'correct the key' }],
      );
    },
  };
}

export function perVenue(item: Rule): Rule {
  return { ...dictionary(VENUE_WORD, 'venue', item, 16), perVenue: true };
}
