import type { Condition, Conditions, Plain } from '@arb/shared/core';
import type { Fact } from './facts.ts';

type Test = (value: Plain | undefined) => boolean;
export type Fits = (fields: Fact['fields']) => boolean;

/** A field that is not there fits only what asks for null, or for not being something. */
function testOf(condition: Condition): Test {
  if (typeof condition !== 'object' || condition === null) return (value) => (value ?? null) === condition;
  if (isList(condition)) return (value) => condition.includes(value ?? null);
  const { above, below, from, to, contains, not } = condition;
  const refused: readonly Plain[] = not === undefined ? [] : isList(not) ? not : [not];
  const numbers = above !== undefined || below !== undefined || from !== undefined || to !== undefined;
  return (value) => {
    if (not !== undefined && refused.includes(value ?? null)) return false;
    if (contains !== undefined && !(typeof value === 'string' && value.includes(contains))) return false;
    if (!numbers) return true;
    return (
      typeof value === 'number' &&
      (above === undefined || value > above) &&
      (below === undefined || value < below) &&
      (from === undefined || value >= from) &&
      (to === undefined || value <= to)
    );
  };
}

function isList(value: Condition | readonly Plain[]): value is readonly Plain[] {
  return Array.isArray(value);
}

export function fitsAll(conditions: Conditions | undefined): Fits {
  const tests = Object.entries(conditions ?? {}).map(([field, condition]) => [field, testOf(condition)] as const);
  return (fields) => {
    for (const [field, test] of tests) if (!test(fields[field])) return false;
    return true;
  };
}
