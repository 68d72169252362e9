import type { Fault } from './fault.ts';
import type { Infrastructure } from './infrastructure.ts';
import { variableOf } from './variables.ts';

/** What a venue has given for asking in an account's name. */
export interface VenueKeySetting {
  readonly access: string;
  readonly secret: string;
}

const ACCESS = 'AccessKey';
const SECRET = 'SecretKey';
type Values = Readonly<Record<string, unknown>>;

/** By venue, where both halves are set. */
export function venueKeysOf(infrastructure: Readonly<Infrastructure>): ReadonlyMap<string, VenueKeySetting> {
  const values = infrastructure as unknown as Values;
  return new Map(
    venuesIn(values).flatMap((venue) => {
      const [access, secret] = [values[venue + ACCESS], values[venue + SECRET]];
      return typeof access === 'string' && typeof secret === 'string' ? [[venue, { access, secret }]] : [];
    }),
  );
}

/** One half of a key is none. */
export function faultsOfKeys(infrastructure: Values): readonly Fault[] {
  return venuesIn(infrastructure).flatMap((venue) => {
    const [missing, ...more] = [ACCESS, SECRET].filter((half) => infrastructure[venue + half] === null);
    if (missing === undefined || more.length > 0) return [];
    const [lone, other] = [missing, missing === ACCESS ? SECRET : ACCESS].map((half) => `infrastructure.${venue}${half}`) as [
      string,
      string,
    ];
    return [
      {
        path: lone,
        value: undefined,
        reason: `is missing: ${other} alone signs nothing`,
        remedy: `set ${variableOf(lone)} or ${variableOf(lone)}_FILE, or unset ${variableOf(other)}`,
      },
    ];
  });
}

function venuesIn(infrastructure: Values): readonly string[] {
  return Object.keys(infrastructure)
    .filter((key) => key.endsWith(ACCESS))
    .map((key) => key.slice(0, -ACCESS.length));
}
