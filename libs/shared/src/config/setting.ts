import { ValidateBy } from 'class-validator';
import type { Fault } from './fault.ts';
import type { Rule } from './rules.ts';

export interface Described {
  readonly rule: Rule;
  readonly says: string;
}

const described = new Map<unknown, Map<string, Described>>();

/**
 * Declares a field of a section: what it may be, and what it means. class-validator checks it; its message carries the
 * faults as JSON, because one field (a map by venue) can have several, each with its own path.
 */
export function Setting(rule: Rule, says: string): PropertyDecorator {
  return (target, key) => {
    const name = String(key);
    const fields = described.get(target.constructor) ?? new Map<string, Described>();
    described.set(target.constructor, fields.set(name, { rule, says }));
    ValidateBy({
      name: 'setting',
      validator: {
        validate: (value) => rule.check(value, name).length === 0,
        defaultMessage: (args) =>
          JSON.stringify(rule.check(args?.value, name).map((fault) => ({ ...fault, value: speakable(fault.value) }))),
      },
    })(target, key);
  };
}

/** JSON knows neither `undefined` nor `NaN`; a message has to show them. */
function speakable(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

export function faultsOfMessage(section: string, message: string): readonly Fault[] {
  return (JSON.parse(message) as Fault[]).map((fault) => ({ ...fault, path: `${section}.${fault.path}` }));
}

export function settingsOf(section: object): ReadonlyMap<string, Described> {
  return described.get(section.constructor) ?? new Map();
}
