import {
  type AlertRule,
  type AlertRules,
  CHANNELS,
  type Conditions,
  FACTS,
  factFieldKind,
  LOUD_CHANNELS,
  ROUTINGS,
  SEVERITIES,
} from '../core/alerting.ts';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import type { Rule } from './rules.ts';
import { choice, flag, numeric, text, whole } from './rules.ts';

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MOST_RULES = 200;
const WEEK_SECONDS = 7 * 86_400;
const ID = text(/^[A-Z]{2,6}-\d{3}$/, 'the id of a rule', 'write it such as EX-001');
const SENTENCE = text(/^[^\r\n]{1,300}$/, 'one line of at most 300 characters', 'write such a line');
const SECTION = text(/^[a-z0-9-]{1,60}$/, 'the name of a section of the runbook', 'write it such as venue-down');
const SEVERITY = choice(...SEVERITIES);
const SECONDS = numeric(0.1, WEEK_SECONDS);

/** Of a map with these keys and no others; those in `may` can be left out. */
function shaped(must: Readonly<Record<string, Rule>>, may: Readonly<Record<string, Rule>> = {}): Rule {
  const known = [...Object.keys(must), ...Object.keys(may)];
  return {
    kind: 'map',
    allowed: `a map of ${known.join(', ')}`,
    check(value, path) {
      if (!isMap(value)) return [{ path, value, reason: 'is not a map', remedy: `give it the keys ${Object.keys(must).join(', ')}` }];
      const unknown = Object.keys(value).filter((key) => !known.includes(key));
      return [
        ...unknown.map((key) => ({
          path: `${path}.${key}`,
          value: value[key],
          reason: 'is not a key here',
          remedy: `did you mean ${nearest(key, known)}?`,
        })),
        ...Object.entries(must).flatMap(([key, rule]) => rule.check(value[key], `${path}.${key}`)),
        ...Object.entries(may).flatMap(([key, rule]) => (value[key] === undefined ? [] : rule.check(value[key], `${path}.${key}`))),
      ];
    },
  };
}

/** As `list` of the other rules, but it may be empty. */
function items(item: Rule, most: number): Rule {
  return {
    kind: 'list',
    allowed: `a list of at most ${most}, each ${item.allowed}`,
    check(value, path) {
      if (!Array.isArray(value) || value.length > most)
        return [{ path, value, reason: `is not a list of at most ${most} entries`, remedy: 'write such a list' }];
      return [
        ...value.flatMap((entry, i) => item.check(entry, `${path}[${i}]`)),
        ...value.flatMap((entry, i) =>
          typeof entry === 'string' && value.indexOf(entry) < i
            ? [{ path: `${path}[${i}]`, value: entry, reason: `is already at [${value.indexOf(entry)}]`, remedy: 'leave one of them out' }]
            : [],
        ),
      ];
    },
  };
}

const channels = items(choice(...CHANNELS), CHANNELS.length);
const bySeverity = (rule: Rule): Rule => shaped(Object.fromEntries(SEVERITIES.map((severity) => [severity, rule])));

const conditions: Rule = {
  kind: 'map',
  allowed: 'conditions by field',
  check: (value, path) =>
    isMap(value) && Object.keys(value).length <= 20
      ? Object.entries(value).flatMap(([field, condition]) => faultsOfCondition(condition, `${path}.${field}`))
      : [{ path, value, reason: 'is not a map of at most 20 conditions', remedy: 'write such as { state: DOWN }' }],
};

function isPlain(value: unknown): boolean {
  return value === null || typeof value === 'boolean' || typeof value === 'number' || (typeof value === 'string' && value.length <= 200);
}

const plain: Rule = {
  kind: 'text',
  allowed: 'a text, number, true, false or null, or a list of them',
  check: (value, path) =>
    isPlain(value) || (Array.isArray(value) && value.length <= 50 && value.every(isPlain))
      ? []
      : [{ path, value, reason: 'is not a plain value nor a list of them', remedy: 'write such a value' }],
};
const bounds = shaped(
  {},
  {
    above: numeric(-1e15, 1e15),
    below: numeric(-1e15, 1e15),
    from: numeric(-1e15, 1e15),
    to: numeric(-1e15, 1e15),
    contains: SENTENCE,
    not: plain,
  },
);

function faultsOfCondition(value: unknown, path: string): readonly Fault[] {
  if (!isMap(value)) return plain.check(value, path);
  if (Object.keys(value).length === 0)
    return [{ path, value, reason: 'says nothing', remedy: 'write above, below, from, to, contains or not' }];
  return bounds.check(value, path);
}

const clears: Rule = {
  kind: 'text',
  allowed: 'otherwise, absent, or conditions',
  check: (value, path) => (isMap(value) ? conditions.check(value, path) : choice('otherwise', 'absent').check(value, path)),
};

const oneRule = shaped(
  { id: ID, says: SENTENCE, severity: SEVERITY, on: choice(...Object.keys(FACTS)), summary: SENTENCE, runbook: SECTION },
  {
    when: conditions,
    key: items(text(/^[A-Za-z.]{1,40}$/, 'a field', 'name a field of the fact'), 4),
    times: whole(1, 1000),
    withinSeconds: SECONDS,
    holdSeconds: SECONDS,
    silentSeconds: SECONDS,
    clears,
    closeAfterSeconds: SECONDS,
    moment: flag(),
    channels,
    escalate: shaped({ afterMinutes: numeric(0.1, 10_080), to: SEVERITY }),
  },
);

const ruleSet = shaped({
  routes: shaped(Object.fromEntries(ROUTINGS.map((routing) => [routing, bySeverity(channels)]))),
  fallback: shaped({}, Object.fromEntries(CHANNELS.map((name) => [name, channels]))),
  limits: shaped({
    perMinute: bySeverity(whole(1, 1000)),
    throttleSeconds: numeric(0, 86_400),
    aggregateSeconds: bySeverity(numeric(0, 3600)),
    remindMinutes: bySeverity(items(numeric(0.1, 10_080), 10)),
    keysPerRule: whole(1, 1000),
  }),
  summaryHour: whole(0, 23),
  rules: items(oneRule, MOST_RULES),
});

/** A whole set of rules: each value in its bounds, then every rule against the facts it speaks of. */
export const alertRules: Rule = {
  kind: 'map',
  allowed: 'a set of rules',
  check(value, path) {
    const faults = ruleSet.check(value, path);
    return faults.length > 0 ? faults : together(value as AlertRules, path);
  },
};

function together(set: AlertRules, path: string): readonly Fault[] {
  return [...faultsOfReach(set, path), ...faultsOfReminders(set, path), ...faultsOfRules(set, path)];
}

/** Whoever leaves P0 to the journal alone has switched it off. */
function faultsOfReach({ routes }: AlertRules, path: string): readonly Fault[] {
  return ROUTINGS.filter((routing) => !routes[routing].P0.some((channel) => LOUD_CHANNELS.includes(channel))).map((routing) => ({
    path: `${path}.routes.${routing}.P0`,
    value: routes[routing].P0,
    reason: 'reaches nobody at once',
    remedy: `name one of ${LOUD_CHANNELS.join(', ')}`,
  }));
}

function faultsOfReminders({ limits }: AlertRules, path: string): readonly Fault[] {
  return SEVERITIES.filter((severity) => limits.remindMinutes[severity].some((at, i, all) => i > 0 && at <= (all[i - 1] as number))).map(
    (severity) => ({
      path: `${path}.limits.remindMinutes.${severity}`,
      value: limits.remindMinutes[severity],
      reason: 'does not grow from step to step',
      remedy: 'write minutes since its beginning, such as [5, 15, 60]',
    }),
  );
}

function faultsOfRules(set: AlertRules, path: string): readonly Fault[] {
  const ids = set.rules.map(({ id }) => id);
  return set.rules.flatMap((rule, i) => {
    const at = `${path}.rules[${i}]`;
    const faults: Fault[] = [];
    const refuse = (wrong: boolean, field: string, value: unknown, reason: string, remedy: string): void => {
      if (wrong) faults.push({ path: `${at}.${field}`, value, reason, remedy });
    };
    refuse(ids.indexOf(rule.id) < i, 'id', rule.id, `is already that of rules[${ids.indexOf(rule.id)}]`, 'choose another');
    const ends = [rule.clears, rule.closeAfterSeconds, rule.moment === true ? true : undefined].filter((end) => end !== undefined).length;
    refuse(ends === 0 && rule.silentSeconds === undefined, 'clears', undefined, 'is missing, and so the alert would never end', ENDS);
    refuse(ends > 1 && rule.moment === true, 'moment', true, 'does not go with clears or closeAfterSeconds', 'leave one of them out');
    refuse(
      (rule.times === undefined) !== (rule.withinSeconds === undefined),
      'times',
      rule.times,
      'goes only with withinSeconds',
      'write both',
    );
    refuse(
      rule.silentSeconds !== undefined && (rule.times !== undefined || rule.holdSeconds !== undefined || rule.moment === true),
      'silentSeconds',
      rule.silentSeconds,
      'does not go with times, holdSeconds or moment',
      'leave those out',
    );
    refuse(
      rule.clears === 'absent' && FACTS[rule.on]?.list !== true,
      'clears',
      'absent',
      `is for facts that come as a list, and ${rule.on} does not`,
      'write otherwise, or conditions',
    );
    if (rule.escalate !== undefined)
      refuse(
        SEVERITIES.indexOf(rule.escalate.to) >= SEVERITIES.indexOf(rule.severity),
        'escalate.to',
        rule.escalate.to,
        `is not above ${rule.severity}`,
        'name a higher severity',
      );
    return [...faults, ...faultsOfFields(rule, at)];
  });
}

const ENDS = 'write clears: otherwise, clears with conditions, closeAfterSeconds, or moment: true';

function faultsOfFields(rule: AlertRule, at: string): readonly Fault[] {
  const known = Object.keys(FACTS[rule.on]?.fields ?? {});
  const unknown = (path: string, field: string): Fault => ({
    path,
    value: field,
    reason: `is not a field of ${rule.on}`,
    remedy: `choose one of ${known.map((name) => (name.endsWith('.') ? `${name}…` : name)).join(', ')}`,
  });
  const faults: Fault[] = [];
  const look = (given: Conditions | undefined, name: string): void => {
    for (const [field, condition] of Object.entries(given ?? {})) {
      const kind = factFieldKind(rule.on, field);
      const path = `${at}.${name}.${field}`;
      if (kind === null) faults.push(unknown(path, field));
      else if (typeof condition === 'object' && condition !== null && !Array.isArray(condition)) {
        const bound = condition as { readonly contains?: string; readonly not?: unknown };
        const numbers = Object.keys(condition).some((key) => key !== 'contains' && key !== 'not');
        if ((numbers && kind !== 'number') || (bound.contains !== undefined && kind !== 'text'))
          faults.push({
            path,
            value: condition,
            reason: `does not fit ${field}, which is a ${kind}`,
            remedy: 'compare it with a value of its kind',
          });
      }
    }
  };
  look(rule.when, 'when');
  if (typeof rule.clears === 'object') look(rule.clears, 'clears');
  (rule.key ?? []).forEach((field, i) => {
    if (factFieldKind(rule.on, field) === null) faults.push(unknown(`${at}.key[${i}]`, field));
  });
  for (const [, name = ''] of rule.summary.matchAll(/\{([^{}]*)\}/g)) {
    const share = name.endsWith('%');
    const kind = factFieldKind(rule.on, share ? name.slice(0, -1) : name);
    if (kind === null) faults.push(unknown(`${at}.summary`, name));
    else if (share && kind !== 'number')
      faults.push({ path: `${at}.summary`, value: name, reason: `is a ${kind}, and no share`, remedy: 'write it without %' });
  }
  return faults;
}
