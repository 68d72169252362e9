import type { DataOf } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';

type Severity = DataOf<'alert'>['severity'];

/** What one key of trouble is known by. */
export interface Trouble {
  readonly rule: string;
  readonly severity: Severity;
  readonly summary: string;
}

interface Ringing {
  trouble: Trouble;
  /** Whether people have been told, or it waits because it was raised a moment ago. */
  raised: boolean;
  /** How often it happened since it was raised. */
  count: number;
}

/** The same key is raised at most once in this time, however often it comes and goes. */
const QUIET_MICROS = 10_000_000;
/** Keys come from services, venues and rules: far fewer than this. What comes beyond is not kept. */
const MOST_KEYS = 1000;

type Alert = DataOf<'alert'>;

/** Told to the stream and not to people yet: beyond this the oldest is given up. */
const MOST_UNDELIVERED = 1000;

/** Alerts that are open, and when each key was last raised. */
export interface Bell {
  readonly open: Map<string, Ringing>;
  readonly raisedAt: Map<string, number>;
  /** By id: what no channel has delivered yet. */
  readonly undelivered: Map<string, Alert>;
  /** Of the last alert. */
  lastId: number;
}

export function newBell(): Bell {
  return { open: new Map(), raisedAt: new Map(), undelivered: new Map(), lastId: 0 };
}

/** A channel has delivered it, or has given it up for good. */
export function delivered(bell: Bell, { id, state }: DataOf<'alert.delivery'>): void {
  if (state !== 'failed') bell.undelivered.delete(id);
}

export function raise(bell: Bell, key: string, trouble: Trouble, context: CoreContext): void {
  const ringing = bell.open.get(key);
  if (ringing !== undefined) {
    ringing.count++;
    ringing.trouble = trouble;
    return;
  }
  if (bell.open.size >= MOST_KEYS) return;
  const fresh: Ringing = { trouble, raised: false, count: 1 };
  bell.open.set(key, fresh);
  ring(bell, key, fresh, context);
}

export function close(bell: Bell, key: string, summary: string, context: CoreContext): void {
  const ringing = bell.open.get(key);
  if (ringing === undefined) return;
  bell.open.delete(key);
  if (ringing.raised) say(bell, key, ringing, 'closed', summary, context);
}

/** On every clock: what had to wait is raised now if it is still there, and what is long past is forgotten. */
export function ringWaiting(bell: Bell, context: CoreContext): void {
  for (const [key, ringing] of bell.open) if (!ringing.raised) ring(bell, key, ringing, context);
  for (const [key, at] of bell.raisedAt) if (context.now - at >= QUIET_MICROS) bell.raisedAt.delete(key);
}

function ring(bell: Bell, key: string, ringing: Ringing, context: CoreContext): void {
  const last = bell.raisedAt.get(key);
  if (last !== undefined && context.now - last < QUIET_MICROS) return;
  bell.raisedAt.set(key, context.now);
  ringing.raised = true;
  say(bell, key, ringing, 'raised', ringing.trouble.summary, context);
}

function say(
  bell: Bell,
  key: string,
  { trouble, count }: Ringing,
  state: 'raised' | 'closed',
  summary: string,
  context: CoreContext,
): void {
  const { rule, severity } = trouble;
  const alert: Alert = { id: `a${++bell.lastId}`, key, rule, severity, state, summary, count };
  if (bell.undelivered.size >= MOST_UNDELIVERED) bell.undelivered.delete(bell.undelivered.keys().next().value as string);
  bell.undelivered.set(alert.id, alert);
  context.emit('alert', [severity.toLowerCase()], alert);
}

export interface SavedBell {
  readonly open: [string, Ringing][];
  readonly raisedAt: [string, number][];
  readonly undelivered: [string, Alert][];
  readonly lastId: number;
}

export function saveBell(bell: Bell): SavedBell {
  return {
    open: [...bell.open].map(([key, ringing]) => [key, { ...ringing }]),
    raisedAt: [...bell.raisedAt],
    undelivered: [...bell.undelivered],
    lastId: bell.lastId,
  };
}

export function loadBell(saved: SavedBell): Bell {
  return {
    open: new Map(saved.open.map(([key, ringing]) => [key, { ...ringing }])),
    raisedAt: new Map(saved.raisedAt),
    undelivered: new Map(saved.undelivered),
    lastId: saved.lastId,
  };
}
