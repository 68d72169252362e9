import type { Plain } from '@arb/shared/core';
import { add, type Bell, close, type Hand, note, open } from './bell.ts';
import type { Fact, Facts } from './facts.ts';
import { keyOf, type ReadyRule, type ReadyRules, summaryOf } from './rule.ts';
import type { Trouble } from './trouble.ts';

/** From when on the silence of each thing that must not fall silent counts: its last word, or later, where it could not speak before. */
export type Heard = Map<string, { readonly rule: string; at: number; readonly fields: Readonly<Record<string, Plain>> }>;
const MOST_HEARD = 1_000;

/** What all rules make of one event. */
export function watch(bell: Bell, rules: ReadyRules, heard: Heard, { facts, lists }: Facts, hand: Hand): void {
  const present = lists.length === 0 ? null : new Set<string>();
  for (const fact of facts) {
    const looking = rules.byFact.get(fact.on);
    if (looking === undefined) continue;
    const scope = lists.find(({ on }) => on === fact.on)?.within;
    for (const ready of looking) {
      if (ready.silentMicros > 0) hear(bell, ready, heard, fact, hand);
      else look(bell, ready, fact, scope === undefined ? '' : scopeOf(scope), present, hand);
    }
  }
  if (present !== null) for (const { on, within } of lists) endAbsent(bell, rules, on, scopeOf(within), present, hand);
}

function scopeOf(within: Readonly<Record<string, Plain>>): string {
  return Object.values(within).join('/');
}

function look(bell: Bell, ready: ReadyRule, fact: Fact, scope: string, present: Set<string> | null, hand: Hand): void {
  const fits = ready.fits(fact.fields);
  if (!fits && (ready.ends === null || !ready.ends(fact.fields))) return;
  const key = keyOf(ready.rule, fact.fields);
  if (!fits) {
    const trouble = bell.troubles.get(key);
    if (trouble !== undefined) close(bell, ready, trouble, '', hand);
    return;
  }
  present?.add(key);
  hit(bell, ready, key, scope, fact.fields, hand);
}

function beyondLimit({ rule }: ReadyRule): string {
  return `${rule.id}/…`;
}

function hit(
  bell: Bell,
  ready: ReadyRule,
  name: string,
  scope: string,
  fields: Fact['fields'],
  hand: Hand,
  since: number = hand.context.now,
): void {
  const { rule } = ready;
  const { context, ears } = hand;
  const summary = summaryOf(rule, fields);
  let key = name;
  let trouble = bell.troubles.get(key);
  if (trouble === undefined && (bell.perRule.get(rule.id) ?? 0) >= ears.rules.limits.keysPerRule) {
    // What comes beyond the limit shares one key: it is told of, but not one by one.
    key = beyondLimit(ready);
    trouble = bell.troubles.get(key);
  }
  if (trouble === undefined) {
    trouble = newTrouble(rule.id, key, scope, ready, summary, since, hand);
    if (rule.moment === true) {
      trouble.hits = 1;
      note(bell, ready, trouble, hand);
      return;
    }
    add(bell, trouble);
  }
  trouble.hits++;
  trouble.lastHit = context.now;
  trouble.summary = summary;
  if (trouble.open) return;
  if (rule.times !== undefined) {
    const { times } = trouble;
    times.push(context.now);
    while (times.length > rule.times || context.now - (times[0] as number) > ready.withinMicros) times.shift();
    if (times.length < rule.times) return;
    trouble.times = [];
  }
  if (context.now - trouble.since >= ready.holdMicros) open(bell, ready, trouble, hand);
}

function newTrouble(
  rule: string,
  key: string,
  scope: string,
  ready: ReadyRule,
  summary: string,
  since: number,
  { context }: Hand,
): Trouble {
  return {
    rule,
    key,
    scope,
    severity: ready.rule.severity,
    open: false,
    since,
    openedAt: context.now,
    session: context.session,
    position: context.position,
    hits: 0,
    lastHit: context.now,
    times: [],
    summary,
    told: 'nobody',
    reminders: 0,
    acknowledged: false,
    said: [],
  };
}

/** What stood in a list and does not any more is over. */
function endAbsent(bell: Bell, rules: ReadyRules, on: string, scope: string, present: ReadonlySet<string>, hand: Hand): void {
  for (const ready of rules.byFact.get(on) ?? []) {
    if (ready.rule.clears === undefined || !bell.perRule.has(ready.rule.id)) continue;
    for (const trouble of bell.troubles.values())
      if (trouble.rule === ready.rule.id && trouble.scope === scope && !present.has(trouble.key)) close(bell, ready, trouble, '', hand);
  }
}

// ---- silence --------------------------------------------------------------------------------------------------------

function hear(bell: Bell, ready: ReadyRule, heard: Heard, fact: Fact, hand: Hand): void {
  // Nobody can report their own silence.
  if (fact.on === 'service' && fact.fields.service === 'alerting') return;
  const key = keyOf(ready.rule, fact.fields);
  // What says that it is another matter now is not waited for under this rule any more.
  if (ready.fits(fact.fields)) expect(heard, ready, key, fact.fields, hand.context.now);
  else heard.delete(key);
  const trouble = bell.troubles.get(key);
  if (trouble !== undefined) close(bell, ready, trouble, '', hand);
}

function expect(heard: Heard, ready: ReadyRule, key: string, fields: Fact['fields'], now: number): void {
  const known = heard.get(key);
  if (known !== undefined) known.at = now;
  else if (heard.size < MOST_HEARD) {
    const kept: Record<string, Plain> = {};
    for (const field of ready.rule.key ?? []) kept[field] = fields[field] ?? null;
    heard.set(key, { rule: ready.rule.id, at: now, fields: kept });
  }
}

/** Services that a session names must be heard of; all else once it has spoken. Their silence counts from `from` on. */
export function expectServices(heard: Heard, rules: ReadyRules, named: readonly string[], from: number): void {
  for (const { at, fields, rule } of [...heard.values()]) {
    const ready = rules.byId.get(rule);
    if (ready !== undefined && at < from) expect(heard, ready, keyOf(ready.rule, fields), fields, from);
  }
  for (const ready of rules.byFact.get('service') ?? []) {
    if (ready.silentMicros === 0) continue;
    for (const service of named) {
      if (service === 'alerting') continue;
      const fields = { service, leaving: false };
      const key = keyOf(ready.rule, fields);
      if (ready.fits(fields)) expect(heard, ready, key, fields, from);
      else heard.delete(key);
    }
  }
}

/** The stack was started again: who left on purpose before is expected like everybody else. */
export function expectBack(heard: Heard, rules: ReadyRules, now: number): void {
  const services = new Set<string>();
  for (const { rule, fields } of heard.values())
    if (rules.byId.get(rule)?.rule.on === 'service' && typeof fields.service === 'string') services.add(fields.service);
  expectServices(heard, rules, [...services], now);
}

/** What a session can be told of; of anything else of these kinds nothing will ever be heard in it. */
export interface Spoken {
  readonly venue: ReadonlySet<string>;
  readonly pair: ReadonlySet<string>;
}
const LEFT: Readonly<Record<keyof Spoken, string>> = {
  venue: 'the venue is not used any more',
  pair: 'the rate is not asked for any more',
};

/** A session begins without these venues and rates: nobody will ever say that they are well again, and nobody need say anything. */
export function endOfLeft(bell: Bell, rules: ReadyRules, heard: Heard, spoken: Spoken, hand: Hand): void {
  for (const what of ['venue', 'pair'] as const) {
    for (const [key, { fields }] of heard) {
      const name = fields[what];
      if (typeof name === 'string' && !spoken[what].has(name)) heard.delete(key);
    }
    for (const trouble of bell.troubles.values()) {
      const ready = rules.byId.get(trouble.rule);
      const name = ready === undefined ? undefined : namedIn(trouble, ready, what);
      if (ready !== undefined && name !== undefined && !spoken[what].has(name)) close(bell, ready, trouble, LEFT[what], hand);
    }
  }
}

/** The name that stands at its field's place in the key; undefined where the key has none, or one cannot tell. */
function namedIn({ key }: Trouble, ready: ReadyRule, what: keyof Spoken): string | undefined {
  const fields = ready.rule.key ?? [];
  const place = fields.indexOf(what);
  if (place < 0 || key === beyondLimit(ready)) return undefined;
  const [, ...names] = key.split('/');
  // Names of sources may hold a slash: what stands behind one is not where it seems.
  return place === 0 || names.length === fields.length ? names[place] : undefined;
}

/** The clock itself was away: nobody was silent then, there was just no time to speak in. */
export function forgiveAll(heard: Heard, now: number): void {
  for (const entry of heard.values()) if (entry.at < now) entry.at = now;
}

export function checkSilence(bell: Bell, rules: ReadyRules, heard: Heard, hand: Hand): void {
  const { now } = hand.context;
  for (const [key, { rule, at, fields }] of heard) {
    const ready = rules.byId.get(rule);
    if (ready === undefined || ready.silentMicros === 0) heard.delete(key);
    else if (now - at > ready.silentMicros && !bell.troubles.has(key))
      // It began with the last word, not when it was missed.
      hit(bell, ready, key, '', fields, hand, at);
  }
}

// ---- time -----------------------------------------------------------------------------------------------------------

/** On every clock: suspicions that have lasted, those that have passed, troubles that have ended by themselves. */
export function passTime(bell: Bell, rules: ReadyRules, hand: Hand): void {
  const { now } = hand.context;
  for (const trouble of bell.troubles.values()) {
    const ready = rules.byId.get(trouble.rule);
    if (ready === undefined) {
      close(bell, null, trouble, 'its rule is not there any more', hand);
      continue;
    }
    const quietFor = now - trouble.lastHit;
    if (trouble.open) {
      if (ready.closeAfterMicros > 0 && quietFor >= ready.closeAfterMicros) close(bell, ready, trouble, '', hand);
    } else if (
      ready.rule.times !== undefined ? quietFor > ready.withinMicros : ready.closeAfterMicros > 0 && quietFor >= ready.closeAfterMicros
    )
      close(bell, ready, trouble, '', hand);
    else if (ready.rule.times === undefined && now - trouble.since >= ready.holdMicros) open(bell, ready, trouble, hand);
  }
}
