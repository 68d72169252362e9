/** What the rules of alerting are made of: as they stand in their file, in the configuration, and in a session's first event. */
export const SEVERITIES = ['P0', 'P1', 'P2', 'P3'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `store` is the journal, where every alert stands anyway; `summary` the one mail a day. */
export const CHANNELS = ['telegram', 'slack', 'email', 'alertmanager', 'log', 'summary', 'store'] as const;
export type ChannelName = (typeof CHANNELS)[number];
/** Those that reach somebody at once: what is counted and held back. */
export const LOUD_CHANNELS: readonly ChannelName[] = ['telegram', 'slack', 'email', 'alertmanager'];

export const ROUTINGS = ['production', 'development'] as const;
export type Routing = (typeof ROUTINGS)[number];

export type Plain = string | number | boolean | null;
/** What one field of a fact must be: a value, one of several, or within bounds. */
export type Condition =
  | Plain
  | readonly Plain[]
  | {
      readonly above?: number;
      readonly below?: number;
      readonly from?: number;
      readonly to?: number;
      readonly contains?: string;
      readonly not?: Plain | readonly Plain[];
    };
export type Conditions = Readonly<Record<string, Condition>>;

export interface AlertRule {
  /** `EX-001`. */
  readonly id: string;
  readonly says: string;
  readonly severity: Severity;
  /** The kind of fact it looks at. */
  readonly on: string;
  readonly when?: Conditions;
  /** Fields that tell one trouble from another; without them there is one of it at a time. */
  readonly key?: readonly string[];
  /** Only when it has happened so often within that time. */
  readonly times?: number;
  readonly withinSeconds?: number;
  /** Only when it has stayed so for that long. */
  readonly holdSeconds?: number;
  /** Turned round: when no such fact has come for that long. */
  readonly silentSeconds?: number;
  /** `otherwise`: by a fact of the same key that does not fit; `absent`: by a list in which it does not stand any more. */
  readonly clears?: 'otherwise' | 'absent' | Conditions;
  /** Over when it has not happened for that long. */
  readonly closeAfterSeconds?: number;
  /** Nothing that lasts: it is told once and never closed. */
  readonly moment?: boolean;
  /** With the fact's fields in braces: `{venue} is down: {why}`; a share as `{share%}` becomes a part of a hundred. */
  readonly summary: string;
  /** Name of the section of the runbook that says what to do. */
  readonly runbook: string;
  /** Beside those of its severity. */
  readonly channels?: readonly ChannelName[];
  readonly escalate?: { readonly afterMinutes: number; readonly to: Severity };
}

type BySeverity<T> = Readonly<Record<Severity, T>>;

export interface AlertRules {
  readonly routes: Readonly<Record<Routing, BySeverity<readonly ChannelName[]>>>;
  /** What a channel that cannot deliver is replaced by, in this order. */
  readonly fallback: Readonly<Partial<Record<ChannelName, readonly ChannelName[]>>>;
  readonly limits: {
    /** Messages a minute that reach somebody at once; the rest is told in one as soon as there is room. */
    readonly perMinute: BySeverity<number>;
    /** The same key is raised once in this time. */
    readonly throttleSeconds: number;
    /** Further troubles of one rule within this time become one message; 0 for none. */
    readonly aggregateSeconds: BySeverity<number>;
    /** While it stays open and nobody has acknowledged it: after so many minutes, the last one again and again. */
    readonly remindMinutes: BySeverity<readonly number[]>;
    readonly keysPerRule: number;
  };
  /** Hour of the day, UTC, at which the day is summed up. */
  readonly summaryHour: number;
  readonly rules: readonly AlertRule[];
}

export interface AlertingConfig {
  readonly routing: Routing;
  /** Null in tests and in sessions from before there were rules: then nothing is raised. */
  readonly rules: AlertRules | null;
}

export type FieldKind = 'text' | 'number' | 'flag';
/** A field that ends in `.` stands for all fields that begin so: numbers that others name. */
export type FactFields = Readonly<Record<string, FieldKind>>;

/** What a rule may look at. `list`: such a fact belongs to a list that is said whole each time, so one can be absent from it. */
export const FACTS: Readonly<Record<string, { readonly says: string; readonly list?: true; readonly fields: FactFields }>> = {
  'session.started': {
    says: 'a session begins',
    fields: { session: 'text', mode: 'text', reason: 'text', parent: 'text', lost: 'number' },
  },
  'session.resumed': { says: 'the same session goes on', fields: { term: 'number' } },
  'session.stopping': { says: 'the session is about to be cut', fields: { reason: 'text' } },
  clock: { says: 'every 100 ms: the stream and the journal', fields: { fill: 'number', lagMs: 'number' } },
  quarantine: { says: 'an event that is none', fields: { subject: 'text', reason: 'text', length: 'number' } },
  'service.started': { says: 'a process has started', fields: { service: 'text', version: 'text', replica: 'number' } },
  service: {
    says: 'the heartbeat of a process, or with `leaving` its last word; `snapshotAge` is in seconds, of services that keep snapshots',
    fields: {
      service: 'text',
      snapshotAge: 'number',
      lagMs: 'number',
      lagPositions: 'number',
      unconfirmed: 'number',
      ready: 'flag',
      leaving: 'flag',
      rssMb: 'number',
      trouble: 'text',
    },
  },
  lease: { says: 'who may act on the world changes', fields: { service: 'text', act: 'text', boot: 'text', term: 'number' } },
  command: { says: 'somebody gave a command', fields: { what: 'text', by: 'text', why: 'text', target: 'text' } },
  fx: { says: 'a rate', fields: { pair: 'text', rate: 'number', tier: 'text', sources: 'number', used: 'number' } },
  'fx.source': {
    says: 'one source of a rate',
    list: true,
    fields: { pair: 'text', source: 'text', rate: 'number', ageMs: 'number', used: 'flag', dropped: 'text', offBps: 'number' },
  },
  health: {
    says: 'how a venue is; `more.x` is by how much the counter x has grown since it was last said',
    fields: {
      venue: 'text',
      state: 'text',
      why: 'text',
      latencyMs: 'number',
      reconnects: 'number',
      conflated: 'number',
      suspended: 'number',
      warned: 'number',
      'counters.': 'number',
      'more.': 'number',
    },
  },
  'health.suspended': { says: 'a coin that cannot be moved', list: true, fields: { venue: 'text', coin: 'text' } },
  'health.warned': { says: 'a coin under a market warning', list: true, fields: { venue: 'text', coin: 'text', what: 'text' } },
  universe: { says: 'the coins that are traded', fields: { coins: 'number', mode: 'text', why: 'text' } },
  decision: {
    says: 'what the strategy decided',
    fields: { coin: 'text', kind: 'text', rule: 'text', limit: 'number', value: 'number', why: 'text', edgeBps: 'number' },
  },
  verdict: {
    says: 'what risk made of it; `currency` is that of its limits',
    fields: {
      coin: 'text',
      outcome: 'text',
      tier: 'text',
      rule: 'text',
      firstRule: 'text',
      limit: 'number',
      value: 'number',
      currency: 'text',
    },
  },
  guard: {
    says: 'mode, exposure and the numbers that limits are held against; `share` is of risk.maxExposure, `…Money` has its currency',
    fields: {
      mode: 'text',
      rule: 'text',
      why: 'text',
      exposure: 'number',
      share: 'number',
      dailyPnl: 'number',
      equity: 'number',
      drawdown: 'number',
      exposureMoney: 'text',
      dailyPnlMoney: 'text',
      equityMoney: 'text',
      drawdownMoney: 'text',
      closed: 'number',
      'numbers.': 'number',
    },
  },
  'guard.closed': {
    says: 'a breaker or cooldown in force; `lasts` is how long yet, in words',
    list: true,
    fields: { what: 'text', rule: 'text', lasts: 'text' },
  },
  order: {
    says: "a step of an order's life",
    fields: {
      venue: 'text',
      symbol: 'text',
      side: 'text',
      state: 'text',
      reason: 'text',
      order: 'text',
      trip: 'text',
      quantity: 'text',
      limit: 'text',
      base: 'text',
      quote: 'text',
    },
  },
  position: {
    says: "a step of a round trip's life; `kept` is what a failed one has left of its coin (owed where below 0)",
    fields: {
      coin: 'text',
      trip: 'text',
      state: 'text',
      why: 'text',
      pnl: 'number',
      pnlMoney: 'text',
      notionalMoney: 'text',
      buy: 'text',
      sell: 'text',
      kept: 'number',
    },
  },
  queue: {
    says: 'where alerts wait to be delivered',
    fields: { store: 'text', waiting: 'number', dead: 'number', why: 'text' },
  },
  'queue.channel': { says: 'a channel that takes no messages', list: true, fields: { channel: 'text', why: 'text' } },
};

export function factFieldKind(fact: string, field: string): FieldKind | null {
  const fields = FACTS[fact]?.fields;
  if (fields === undefined) return null;
  const own = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (own !== undefined && !field.endsWith('.')) return own;
  const group = field.slice(0, field.indexOf('.') + 1);
  return group !== '' && group.length < field.length && Object.hasOwn(fields, group) ? (fields[group] as FieldKind) : null;
}
