import type { DataOf } from '@arb/shared/contracts';
import type { Severity } from '@arb/shared/core';

/** Asked for by a person, with an end: what it covers goes into the journal and to nobody. */
export interface Quiet {
  readonly kind: 'silence' | 'maintenance';
  /** Of a silence a rule or a key; of a maintenance a venue, a service, a coin, or nothing for all. */
  readonly target: string;
  readonly until: number;
  readonly by: string;
}

const MOST_QUIETS = 100;
const LONGEST_MICROS = 7 * 86_400 * 1_000_000;

/** What a command makes of the silences, in a sentence; null where it has nothing to do with them. */
export function obeyQuiet(quiets: Quiet[], what: string, data: DataOf<'command'>, now: number): string | null {
  const { by, until } = data;
  const target = (data.target ?? '').slice(0, 200);
  if (what === 'unsilence' || what === 'maintenance-over') {
    const kind = what === 'unsilence' ? 'silence' : 'maintenance';
    const before = quiets.length;
    keep(quiets, (quiet) => quiet.kind !== kind || (target !== '' && quiet.target !== target));
    return before === quiets.length
      ? `there is no ${kind} of ${target || 'anything'} to end`
      : `${by} ended the ${kind} of ${named(target)}`;
  }
  if (what !== 'silence' && what !== 'maintenance') return null;
  if (until === undefined || until <= now) return `a ${what} of ${named(target)} was not begun: it needs an end that is to come`;
  if (what === 'silence' && target === '') return 'a silence was not begun: it needs a rule or a key';
  keep(quiets, (quiet) => quiet.kind !== what || quiet.target !== target);
  if (quiets.length >= MOST_QUIETS) return `a ${what} of ${named(target)} was not begun: there are ${MOST_QUIETS} already`;
  quiets.push({ kind: what, target, until: Math.min(until, now + LONGEST_MICROS), by: by.slice(0, 100) });
  return `${by} began a ${what} of ${named(target)}`;
}

export function endQuiets(quiets: Quiet[], now: number): void {
  if (quiets.some(({ until }) => until <= now)) keep(quiets, ({ until }) => until > now);
}

/** Why nobody is told of this one at this moment, or null. A maintenance of everything leaves P0 loud. */
export function quietOf(quiets: readonly Quiet[], rule: string, key: string, severity: Severity): string | null {
  for (const { kind, target, by } of quiets) {
    const covers =
      kind === 'silence'
        ? target === rule || target === key || key.startsWith(`${target}/`)
        : target === ''
          ? severity !== 'P0'
          : key.split('/').includes(target);
    if (covers) return `${kind} by ${by}`;
  }
  return null;
}

function named(target: string): string {
  return target === '' ? 'everything' : target;
}

function keep(quiets: Quiet[], stays: (quiet: Quiet) => boolean): void {
  const left = quiets.filter(stays);
  quiets.splice(0, quiets.length, ...left);
}
