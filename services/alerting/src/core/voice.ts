import type { DataOf, PositionRef } from '@arb/shared/contracts';
import {
  type AlertingConfig,
  type AlertRules,
  type ChannelName,
  type CoreContext,
  LOUD_CHANNELS,
  SEVERITIES,
  type Severity,
} from '@arb/shared/core';
import { MINUTE } from './rule.ts';

export type Alert = DataOf<'alert'>;

/** What is about to be told. */
export interface Message {
  readonly key: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: Alert['state'];
  readonly step: NonNullable<Alert['step']>;
  readonly summary: string;
  readonly count: number;
  readonly since: number;
  readonly runbook: string;
  /** Of its rule, beside those of its severity. */
  readonly channels: readonly ChannelName[];
  /** Only the journal hears of it, and why. */
  readonly quiet: string | null;
  readonly basis: readonly PositionRef[];
}

interface Open {
  readonly alert: Alert;
  /** Channels that have neither taken it nor given it up. */
  left: string[];
}

/** Told to the stream and not to people yet. What falls out stands in the journal, undelivered, and is listed from there. */
const MOST_UNDELIVERED = 5_000;
/** Rules that one digest names. */
const MOST_NAMED = 20;

/** What is said to whom: channels by severity, and no more messages a minute than people can read. */
export interface Voice {
  lastId: number;
  /** When messages that reach somebody at once were told, of the last minute. */
  readonly told: Record<Severity, number[]>;
  /** How many were held back since the last digest, by rule. */
  readonly held: Record<Severity, [rule: string, count: number][]>;
  readonly undelivered: Map<string, Open>;
}

export function newVoice(): Voice {
  return { lastId: 0, told: { P0: [], P1: [], P2: [], P3: [] }, held: { P0: [], P1: [], P2: [], P3: [] }, undelivered: new Map() };
}

export interface Ears {
  readonly rules: AlertRules;
  readonly routing: AlertingConfig['routing'];
}

/** Says it on the stream, with the channels that it goes to. */
export function tell(voice: Voice, ears: Ears, message: Message, context: CoreContext): Alert {
  const { key, rule, severity, state, step, summary, count, since, runbook, basis } = message;
  const route = new Set<ChannelName>([...ears.rules.routes[ears.routing][severity], ...message.channels]);
  let channels: readonly ChannelName[] = [...route];
  let { quiet } = message;
  if (quiet !== null) channels = ['store'];
  else if (channels.some(isLoud) && !mayTell(voice, ears, severity, context.now)) {
    channels = channels.filter((channel) => !isLoud(channel));
    quiet = `more than ${ears.rules.limits.perMinute[severity]} a minute of ${severity}`;
    holdBack(voice, severity, rule);
  }
  const alert: Alert = {
    id: `a${++voice.lastId}`,
    key,
    rule,
    severity,
    state,
    summary,
    count,
    step,
    since,
    channels,
    runbook,
    ...(quiet === null ? {} : { quiet }),
  };
  const left = channels.filter((channel) => isDelivered(channel, step));
  if (left.length > 0) {
    if (voice.undelivered.size >= MOST_UNDELIVERED) voice.undelivered.delete(voice.undelivered.keys().next().value as string);
    voice.undelivered.set(alert.id, { alert, left });
  }
  context.emit('alert', [severity.toLowerCase()], alert, basis);
  return alert;
}

function isLoud(channel: ChannelName): boolean {
  return LOUD_CHANNELS.includes(channel);
}

/** The journal has every alert as it is; of the summary only the one a day is delivered. */
export function isDelivered(channel: string, step: Alert['step']): boolean {
  return channel === 'summary' ? step === 'day' : channel !== 'store';
}

function mayTell(voice: Voice, { rules }: Ears, severity: Severity, now: number): boolean {
  const recent = voice.told[severity];
  while (recent.length > 0 && now - (recent[0] as number) >= MINUTE) recent.shift();
  if (recent.length >= rules.limits.perMinute[severity]) return false;
  recent.push(now);
  return true;
}

function holdBack(voice: Voice, severity: Severity, rule: string): void {
  const held = voice.held[severity];
  const known = held.find(([name]) => name === rule);
  if (known !== undefined) known[1]++;
  else if (held.length < MOST_NAMED) held.push([rule, 1]);
  else (held[MOST_NAMED - 1] as [string, number])[1]++;
}

/** As soon as there is room, what was held back is told in one message. */
export function tellHeld(voice: Voice, ears: Ears, context: CoreContext): void {
  for (const severity of SEVERITIES) {
    const held = voice.held[severity];
    if (held.length === 0) continue;
    const recent = voice.told[severity];
    while (recent.length > 0 && context.now - (recent[0] as number) >= MINUTE) recent.shift();
    if (recent.length >= ears.rules.limits.perMinute[severity]) continue;
    const count = held.reduce((sum, [, times]) => sum + times, 0);
    const names = held.map(([rule, times]) => (times === 1 ? rule : `${rule} ×${times}`)).join(', ');
    voice.held[severity] = [];
    const message: Message = {
      key: `digest/${severity}`,
      rule: 'DIGEST',
      severity,
      state: 'noted',
      step: 'digest',
      summary: `${count} further ${severity} messages were held back: ${names}`,
      count,
      since: context.now,
      runbook: 'held-back',
      channels: [],
      quiet: null,
      basis: [],
    };
    tell(voice, ears, message, context);
  }
}

/** A channel has taken it, or has given it up for good. */
export function delivered(voice: Voice, { id, channel, instead, state }: DataOf<'alert.delivery'>): void {
  if (state === 'failed') return;
  const open = voice.undelivered.get(id);
  if (open === undefined) return;
  open.left = open.left.filter((name) => name !== (instead ?? channel));
  if (open.left.length === 0) voice.undelivered.delete(id);
}

export interface SavedVoice {
  readonly lastId: number;
  readonly told: Record<Severity, number[]>;
  readonly held: Record<Severity, [string, number][]>;
  readonly undelivered: [string, Open][];
}

export function saveVoice(voice: Voice): SavedVoice {
  const bySeverity = <T>(copy: (severity: Severity) => T) => ({ P0: copy('P0'), P1: copy('P1'), P2: copy('P2'), P3: copy('P3') });
  return {
    lastId: voice.lastId,
    told: bySeverity((severity) => [...voice.told[severity]]),
    held: bySeverity((severity) => voice.held[severity].map(([rule, count]) => [rule, count] as [string, number])),
    undelivered: [...voice.undelivered].map(([id, { alert, left }]) => [id, { alert, left: [...left] }]),
  };
}

export function loadVoice(saved: SavedVoice): Voice {
  return {
    ...structuredCopy(saved),
    undelivered: new Map(saved.undelivered.map(([id, { alert, left }]) => [id, { alert, left: [...left] }])),
  };
}

function structuredCopy({ lastId, told, held }: SavedVoice): Pick<Voice, 'lastId' | 'told' | 'held'> {
  const copy = saveVoice({ lastId, told, held, undelivered: new Map() });
  return { lastId: copy.lastId, told: copy.told, held: copy.held };
}
