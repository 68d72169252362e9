import type { CoreContext } from '@arb/shared/core';
import { countAlert, type Day } from './day.ts';
import { type Quiet, quietOf } from './quiet.ts';
import { MINUTE, type ReadyRule, SECOND } from './rule.ts';
import { MOST_SAID, originOf, spell, type Trouble, type Troubles } from './trouble.ts';
import { type Alert, type Ears, type Message, tell, type Voice } from './voice.ts';

/** What came and went of one rule since its last message: told in one when the time is over. */
interface Group {
  readonly until: number;
  /** Keys that have opened, in that order. */
  opened: string[];
  /** Keys of those that were told, and are over. */
  closed: string[];
  /** Opened and over before anybody was told. */
  passed: number;
}

/** A moment that was told, and how often it came again since. */
interface Repeat {
  readonly until: number;
  more: number;
  last: Trouble;
}

/** Keys that one grouped message names. */
const MOST_NAMED = 10;
/** A group keeps no more keys; the rest is counted as passed. */
const MOST_GROUPED = 1_000;

/** Everything between a trouble and what is told of it. */
export interface Bell {
  readonly troubles: Troubles;
  readonly perRule: Map<string, number>;
  /** When each key was last told to be open. */
  readonly raisedAt: Map<string, number>;
  readonly groups: Map<string, Group>;
  readonly moments: Map<string, Repeat>;
  readonly quiets: Quiet[];
}

export function newBell(): Bell {
  return { troubles: new Map(), perRule: new Map(), raisedAt: new Map(), groups: new Map(), moments: new Map(), quiets: [] };
}

/** What ringing needs beside the bell itself. */
export interface Hand {
  readonly voice: Voice;
  readonly ears: Ears;
  readonly day: Day;
  readonly context: CoreContext;
}

export function add(bell: Bell, trouble: Trouble): void {
  bell.troubles.set(trouble.key, trouble);
  bell.perRule.set(trouble.rule, (bell.perRule.get(trouble.rule) ?? 0) + 1);
}

function drop(bell: Bell, trouble: Trouble): void {
  bell.troubles.delete(trouble.key);
  const left = (bell.perRule.get(trouble.rule) ?? 1) - 1;
  if (left === 0) bell.perRule.delete(trouble.rule);
  else bell.perRule.set(trouble.rule, left);
}

/** A suspicion has become a trouble. */
export function open(bell: Bell, ready: ReadyRule, trouble: Trouble, hand: Hand): void {
  trouble.open = true;
  trouble.openedAt = hand.context.now;
  announce(bell, ready, trouble, hand);
}

/** Tells that it is open, unless that must wait: for the throttle, for the rule's group. */
export function announce(bell: Bell, ready: ReadyRule, trouble: Trouble, hand: Hand): void {
  const { now } = hand.context;
  const last = bell.raisedAt.get(trouble.key);
  if (last !== undefined && now - last < hand.ears.rules.limits.throttleSeconds * SECOND) return;
  const quiet = quietOf(bell.quiets, trouble.rule, trouble.key, trouble.severity);
  if (quiet === null) {
    const group = bell.groups.get(trouble.rule);
    if (group !== undefined) {
      if (group.opened.includes(trouble.key)) return;
      if (group.opened.length < MOST_GROUPED) {
        group.opened.push(trouble.key);
        return;
      }
    }
  }
  sayOpen(bell, ready, trouble, quiet, hand);
}

function sayOpen(bell: Bell, ready: ReadyRule, trouble: Trouble, quiet: string | null, hand: Hand): void {
  bell.raisedAt.set(trouble.key, hand.context.now);
  trouble.told = quiet === null ? 'people' : 'journal';
  say(ready, trouble, 'raised', 'opened', trouble.summary, quiet, hand);
  if (quiet === null) beginGroup(bell, trouble, hand);
}

/** It is over. Only who was told that it began is told that it has ended. */
export function close(bell: Bell, ready: ReadyRule | null, trouble: Trouble, why: string, hand: Hand): void {
  drop(bell, trouble);
  if (!trouble.open) return;
  if (trouble.told === 'nobody') {
    const group = bell.groups.get(trouble.rule);
    if (group === undefined) return;
    group.opened = group.opened.filter((key) => key !== trouble.key);
    group.passed++;
    return;
  }
  if (trouble.told === 'group' && ready !== null) {
    const group = bell.groups.get(trouble.rule) ?? beginGroup(bell, trouble, hand);
    if (group !== null && group.closed.length < MOST_GROUPED) {
      group.closed.push(trouble.key);
      return;
    }
  }
  const quiet =
    trouble.told === 'journal' ? 'nobody was told that it began' : quietOf(bell.quiets, trouble.rule, trouble.key, trouble.severity);
  const summary = `over after ${spell(hand.context.now - trouble.since)}${why === '' ? '' : ` (${why})`}: ${trouble.summary}`;
  say(ready, trouble, 'closed', 'closed', summary, quiet, hand);
}

/** From now on what comes of the same rule is collected; null where its severity waits for nothing. */
function beginGroup(bell: Bell, { rule, severity }: Trouble, { ears, context }: Hand): Group | null {
  const micros = ears.rules.limits.aggregateSeconds[severity] * SECOND;
  if (micros === 0) return null;
  const group: Group = { until: context.now + micros, opened: [], closed: [], passed: 0 };
  bell.groups.set(rule, group);
  return group;
}

/** Something that does not last. The first is told at once; what follows it soon becomes one message. */
export function note(bell: Bell, ready: ReadyRule, trouble: Trouble, hand: Hand): void {
  const { context, ears } = hand;
  const repeat = bell.moments.get(trouble.key);
  if (repeat !== undefined) {
    repeat.last = trouble;
    repeat.more++;
    return;
  }
  const micros = ears.rules.limits.aggregateSeconds[trouble.severity] * SECOND;
  if (micros > 0 && bell.moments.size < MOST_GROUPED)
    bell.moments.set(trouble.key, { until: context.now + micros, more: 0, last: trouble });
  sayMoment(bell, ready, trouble, trouble.summary, hand);
}

function sayMoment(bell: Bell, ready: ReadyRule, trouble: Trouble, summary: string, hand: Hand): void {
  say(ready, trouble, 'noted', 'moment', summary, quietOf(bell.quiets, trouble.rule, trouble.key, trouble.severity), hand);
}

function endMoments(bell: Bell, rules: ReadonlyMap<string, ReadyRule>, hand: Hand): void {
  for (const [key, { until, more, last }] of bell.moments) {
    if (hand.context.now < until) continue;
    bell.moments.delete(key);
    const ready = rules.get(last.rule);
    if (more === 0 || ready === undefined) continue;
    const micros = hand.ears.rules.limits.aggregateSeconds[last.severity] * SECOND;
    bell.moments.set(key, { until: hand.context.now + micros, more: 0, last });
    sayMoment(
      bell,
      ready,
      { ...last, hits: more, said: [] },
      more === 1 ? last.summary : `${more} times more, at last: ${last.summary}`,
      hand,
    );
  }
}

/** On every clock: what had to wait is told, what is long open is told again, what nobody takes is told louder. */
export function ringOn(bell: Bell, rules: ReadonlyMap<string, ReadyRule>, hand: Hand): void {
  const { now } = hand.context;
  for (const [rule, group] of bell.groups) if (now >= group.until) endGroup(bell, rules.get(rule) ?? null, rule, group, hand);
  endMoments(bell, rules, hand);
  const throttle = hand.ears.rules.limits.throttleSeconds * SECOND;
  for (const [key, at] of bell.raisedAt) if (now - at >= throttle && !bell.troubles.has(key)) bell.raisedAt.delete(key);
  for (const trouble of bell.troubles.values()) {
    const ready = rules.get(trouble.rule);
    if (!trouble.open || ready === undefined) continue;
    if (trouble.told === 'nobody') announce(bell, ready, trouble, hand);
    else if (trouble.told === 'journal') tellAfterQuiet(bell, ready, trouble, hand);
    else if (!trouble.acknowledged) press(bell, ready, trouble, hand);
  }
}

/** The silence has ended before the trouble. */
function tellAfterQuiet(bell: Bell, ready: ReadyRule, trouble: Trouble, hand: Hand): void {
  if (quietOf(bell.quiets, trouble.rule, trouble.key, trouble.severity) !== null) return;
  trouble.told = 'people';
  bell.raisedAt.set(trouble.key, hand.context.now);
  skipReminders(trouble, hand);
  const lasted = spell(hand.context.now - trouble.since);
  say(ready, trouble, 'raised', 'still-open', `still open after ${lasted}: ${trouble.summary}`, null, hand);
}

function press(bell: Bell, ready: ReadyRule, trouble: Trouble, hand: Hand): void {
  const { now } = hand.context;
  const { escalate } = ready.rule;
  const lasted = now - trouble.openedAt;
  if (escalate !== undefined && trouble.severity !== escalate.to && lasted >= escalate.afterMinutes * MINUTE) {
    trouble.severity = escalate.to;
    skipReminders(trouble, hand);
    const quiet = quietOf(bell.quiets, trouble.rule, trouble.key, trouble.severity);
    say(ready, trouble, 'raised', 'escalated', `nobody has taken it for ${spell(lasted)}: ${trouble.summary}`, quiet, hand);
    return;
  }
  // One of many: the group was told, and each by itself would be a flood.
  if (trouble.told === 'group') return;
  const due = reminderAt(hand.ears.rules.limits.remindMinutes[trouble.severity], trouble.reminders);
  if (due === null || lasted < due * MINUTE) return;
  skipReminders(trouble, hand);
  const quiet = quietOf(bell.quiets, trouble.rule, trouble.key, trouble.severity);
  say(ready, trouble, 'raised', 'still-open', `still open after ${spell(now - trouble.since)}: ${trouble.summary}`, quiet, hand);
}

/** It is told now: what was due before is not told on top of it, one after the other. */
function skipReminders(trouble: Trouble, { ears, context }: Hand): void {
  const minutes = ears.rules.limits.remindMinutes[trouble.severity];
  const last = minutes[minutes.length - 1];
  if (last === undefined) return;
  const lasted = (context.now - trouble.openedAt) / MINUTE;
  const listed = minutes.filter((due) => due <= lasted).length;
  trouble.reminders = listed < minutes.length ? listed : minutes.length - 1 + Math.floor(lasted / last);
}

/** Minutes after its opening at which it is told again; the last of the list again and again. */
export function reminderAt(minutes: readonly number[], done: number): number | null {
  const last = minutes[minutes.length - 1];
  if (last === undefined) return null;
  return done < minutes.length ? (minutes[done] as number) : last * (done - minutes.length + 2);
}

function endGroup(bell: Bell, ready: ReadyRule | null, rule: string, group: Group, hand: Hand): void {
  bell.groups.delete(rule);
  const waiting = group.opened.flatMap((key) => bell.troubles.get(key) ?? []);
  const [only] = waiting;
  if (ready !== null && only !== undefined) {
    if (waiting.length === 1 && group.passed === 0)
      sayOpen(bell, ready, only, quietOf(bell.quiets, only.rule, only.key, only.severity), hand);
    else {
      for (const trouble of waiting) {
        trouble.told = 'group';
        bell.raisedAt.set(trouble.key, hand.context.now);
      }
      const passed = group.passed === 0 ? '' : `, and ${group.passed} that came and went`;
      sayGroup(ready, only, `${waiting.length} more${passed}: ${named(group.opened)}`, waiting.length + group.passed, hand);
      beginGroup(bell, only, hand);
    }
  } else if (ready !== null && group.passed > 0) sayGroup(ready, null, `${group.passed} more came and went`, group.passed, hand);
  if (ready !== null && group.closed.length > 0) sayGroup(ready, null, `over: ${named(group.closed)}`, group.closed.length, hand);
}

function named(keys: readonly string[]): string {
  const shown = keys.slice(0, MOST_NAMED).join(', ');
  return keys.length <= MOST_NAMED ? shown : `${shown} and ${keys.length - MOST_NAMED} more`;
}

function sayGroup({ rule }: ReadyRule, first: Trouble | null, what: string, count: number, hand: Hand): void {
  const { context } = hand;
  const message: Message = {
    key: rule.id,
    rule: rule.id,
    severity: first?.severity ?? rule.severity,
    state: 'noted',
    step: 'grouped',
    summary: `${rule.says}: ${what}`,
    count,
    since: first?.since ?? context.now,
    runbook: rule.runbook,
    channels: rule.channels ?? [],
    quiet: null,
    basis: first === null ? [] : [originOf(first, context.session)],
  };
  countAlert(hand.day, tell(hand.voice, hand.ears, message, context));
}

export function say(
  ready: ReadyRule | null,
  trouble: Trouble,
  state: Alert['state'],
  step: Message['step'],
  summary: string,
  quiet: string | null,
  hand: Hand,
): void {
  const { context, voice, ears, day } = hand;
  const message: Message = {
    key: trouble.key,
    rule: trouble.rule,
    severity: trouble.severity,
    state,
    step,
    summary,
    count: trouble.hits,
    since: trouble.since,
    runbook: ready?.rule.runbook ?? '',
    channels: ready?.rule.channels ?? [],
    quiet,
    basis: [originOf(trouble, context.session)],
  };
  const alert = tell(voice, ears, message, context);
  trouble.said.push(alert.id);
  if (trouble.said.length > MOST_SAID) trouble.said.shift();
  countAlert(day, alert);
}

/** What people mean by a key, the id of a message, or a rule for all of its keys. */
export function meant(bell: Bell, target: string): readonly Trouble[] {
  return [...bell.troubles.values()].filter(
    (trouble) => trouble.open && (trouble.key === target || trouble.rule === target || trouble.said.includes(target)),
  );
}

/** Somebody takes care of it: it is told no more until it ends. */
export function acknowledge(bell: Bell, rules: ReadonlyMap<string, ReadyRule>, target: string, by: string, hand: Hand): number {
  let found = 0;
  for (const trouble of meant(bell, target)) {
    if (trouble.acknowledged) continue;
    trouble.acknowledged = true;
    found++;
    const summary = `${by.slice(0, 100)} takes care of it: ${trouble.summary}`;
    say(rules.get(trouble.rule) ?? null, trouble, 'raised', 'acknowledged', summary, 'acknowledged', hand);
  }
  return found;
}

export interface SavedBell {
  readonly troubles: readonly Trouble[];
  readonly raisedAt: [string, number][];
  readonly groups: [string, Group][];
  readonly moments: [string, Repeat][];
  readonly quiets: readonly Quiet[];
}

export function saveBell({ troubles, raisedAt, groups, moments, quiets }: Bell): SavedBell {
  return {
    troubles: [...troubles.values()].map((trouble) => ({ ...trouble, times: [...trouble.times], said: [...trouble.said] })),
    raisedAt: [...raisedAt],
    groups: [...groups].map(([rule, group]) => [rule, { ...group, opened: [...group.opened], closed: [...group.closed] }]),
    moments: [...moments].map(([key, repeat]) => [key, { ...repeat, last: { ...repeat.last, said: [...repeat.last.said] } }]),
    quiets: [...quiets],
  };
}

export function loadBell(saved: SavedBell): Bell {
  const bell = newBell();
  // Those that an earlier version kept have no `said`.
  for (const trouble of saved.troubles) add(bell, { ...trouble, times: [...trouble.times], said: [...(trouble.said ?? [])] });
  for (const [key, at] of saved.raisedAt) bell.raisedAt.set(key, at);
  for (const [rule, group] of saved.groups) bell.groups.set(rule, { ...group, opened: [...group.opened], closed: [...group.closed] });
  for (const [key, repeat] of saved.moments)
    bell.moments.set(key, { ...repeat, last: { ...repeat.last, said: [...(repeat.last.said ?? [])] } });
  bell.quiets.push(...saved.quiets);
  return bell;
}
