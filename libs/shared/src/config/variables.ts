import { type Fault, isSecret } from './fault.ts';
import { FROM_FILE } from './infrastructure.ts';
import { nearest } from './nearest.ts';
import { readSmall } from './small-file.ts';
import { type Draft, isMap, type Origins, type PlainMap, put } from './tree.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Variables of the project that are no setting: they say where to look. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  ARB_AFTER_SESSION: 'session that is handed over: the process takes part only in the one after it; said by `arb handover`',
  ARB_ENV: 'environment: local_dev, paper (the default) or live',
  ARB_CONFIG: 'one more configuration file, over that of the environment',
  ARB_RECORDINGS: 'folder of recorded market data',
  ARB_SESSION_START: '`clean` begins a new session whatever there was; said once, by `npm start -- --clean`',
  ARB_SIMULATOR_FAULTS: 'file of faults that befall the simulated exchanges, with the times at which they begin',
  ARB_SIMULATOR_LOG: 'file in which the simulated exchanges keep all that they sent',
  ARB_SIMULATOR_PROFILE: 'kind of market that the simulated exchanges show: lively, or a campaign such as C1',
  ARB_SIMULATOR_RECORDING: 'recordings that simulated exchanges play instead of their market: VENUE:FILE[,FILE…][@SPEED]',
};

function upper(word: string): string {
  return word.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();
}

/** `risk.maxExposure` → `ARB_RISK_MAX_EXPOSURE`; what belongs to the machine has no section: `ARB_NATS_URL`. */
export function variableOf(path: string): string {
  return `ARB_${path
    .replace(/^infrastructure\./, '')
    .split('.')
    .map(upper)
    .join('_')}`;
}

/** Every value a variable can set: whole settings, and the entries that maps have by now. */
function pathsOf(draft: Draft): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  const walk = (map: PlainMap, prefix: string): void => {
    for (const key of Object.keys(map)) {
      const path = `${prefix}.${key}`;
      paths.set(variableOf(path), path);
      const value = map[key];
      if (isMap(value)) walk(value, path);
    }
  };
  for (const section of Object.keys(draft)) walk(draft[section] as PlainMap, section);
  return paths;
}

/** Lays the `ARB_*` variables over the draft. An empty one counts as not set: that is how compose files leave one out. */
export function layVariables(draft: Draft, env: Variables, origins: Origins): readonly Fault[] {
  const paths = pathsOf(draft);
  const files = new Map(FROM_FILE.map((key) => [`${variableOf(`infrastructure.${key}`)}_FILE`, `infrastructure.${key}`]));
  const known = [...paths.keys(), ...files.keys(), ...Object.keys(OTHER_VARIABLES)];
  const faults: Fault[] = [];
  const given = Object.keys(env)
    .filter((name) => name.startsWith('ARB_') && env[name] !== '' && env[name] !== undefined)
    // A whole map comes before its entries.
    .sort();
  for (const name of given) {
    const text = env[name] as string;
    const path = paths.get(name);
    const fileOf = files.get(name);
    if (path !== undefined) faults.push(...lay(draft, path, text, name, origins));
    else if (fileOf !== undefined) {
      const content = readSmall(name, text);
      const other = variableOf(fileOf);
      if (typeof content !== 'string') faults.push(content);
      else if (given.includes(other))
        faults.push({ path: name, value: text, reason: `says the same as ${other}, which is set too`, remedy: 'unset one of them' });
      else faults.push(...lay(draft, fileOf, content.replace(/\r?\n$/, ''), name, origins));
    } else if (!Object.hasOwn(OTHER_VARIABLES, name))
      // Its value stays unsaid: it may be a secret under a misspelt name.
      faults.push({
        path: name,
        value: '***',
        reason: 'is not a known variable',
        remedy: `did you mean ${nearest(name, known)}? else unset it`,
      });
  }
  return faults;
}

function lay(draft: Draft, path: string, text: string, name: string, origins: Origins): readonly Fault[] {
  const words = path.split('.');
  const key = words.pop() as string;
  const target = words.reduce<PlainMap>((map, word) => map[word] as PlainMap, draft);
  const value = readAs(text, target[key]);
  if (value === undefined)
    return [
      {
        path: name,
        value: isSecret(key) ? '***' : text,
        reason: 'is not JSON',
        remedy: `write ${path} as JSON, such as ${JSON.stringify(target[key])}`,
      },
    ];
  put(target, key, value, path, name, origins);
  return [];
}

/** Text as the kind of value that stands there now; what does not fit stays text, for the rule to refuse. */
function readAs(text: string, present: unknown): unknown {
  const trimmed = text.trim();
  if (typeof present === 'number') return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
  if (typeof present === 'boolean') return trimmed === 'true' ? true : trimmed === 'false' ? false : text;
  const isList = Array.isArray(present);
  if (isMap(present) || (isList && (trimmed.startsWith('[') || isMap(present[0])))) {
    try {
      return JSON.parse(trimmed) as unknown;
    } catch {
      return undefined; // whoever asked says what was expected and what was found
    }
  }
  return isList ? trimmed.split(',').map((word) => word.trim()) : text;
}
