import { make as makeAlerting } from '@arb/alerting/core';
import type { AnyEvent, DataOf } from '@arb/shared/contracts';
import { type AlertRules, LOUD_CHANNELS, type SessionConfig } from '@arb/shared/core';
import { CoreRunner, Intake, type JournalReader, type Output, type SessionRow } from '@arb/shared/runtime';

/** What a set of rules would have told of a recorded session. */
export interface Backtest {
  readonly session: string;
  readonly events: number;
  readonly hours: number;
  /** Alerts on the stream, and messages that would have reached somebody at once. */
  readonly alerts: number;
  readonly messages: number;
  readonly channels: Readonly<Record<string, number>>;
  readonly rules: readonly RuleCount[];
  /** Most messages within one minute. */
  readonly busiestMinute: number;
}

export interface RuleCount {
  readonly rule: string;
  readonly severity: string;
  readonly alerts: number;
  readonly messages: number;
  readonly first: string;
}

const PAGE = 5_000;
const MINUTE_MICROS = 60_000_000;

/** Feeds a recorded session to the core of alerting, with these rules in place of those that it ran on. */
export async function backtest(
  journal: JournalReader,
  session: SessionRow,
  rules: AlertRules | null,
  progress: (position: number, to: number) => void,
): Promise<Backtest> {
  const core = makeAlerting();
  const runner = new CoreRunner('alerting', core, session.id);
  // What became of messages that other rules sent has nothing to do with these.
  const wanted = new Set<string>([...runner.wanted].filter((type) => type !== 'alert.delivery'));
  const intake = new Intake(session.id, wanted);
  const to = session.end ?? (await journal.head(session.id));
  const counts = new Map<string, { rule: string; severity: string; alerts: number; messages: number; first: string }>();
  const channels = new Map<string, number>();
  const recent: number[] = [];
  let busiestMinute = 0;
  let alerts = 0;
  let messages = 0;
  let events = 0;
  let first = 0;
  let last = 0;

  function count(output: Output): void {
    const { data, at } = JSON.parse(output.bytes.toString()) as { data: DataOf<'alert'>; at: number };
    const { rule, severity, summary, channels: to = [] } = data;
    const loud = to.filter((name) => (LOUD_CHANNELS as readonly string[]).includes(name));
    const known = counts.get(rule) ?? { rule, severity, alerts: 0, messages: 0, first: summary };
    counts.set(rule, known);
    known.alerts++;
    alerts++;
    for (const name of to) channels.set(name, (channels.get(name) ?? 0) + 1);
    if (loud.length === 0) return;
    known.messages++;
    messages++;
    recent.push(at);
    while (at - (recent[0] as number) >= MINUTE_MICROS) recent.shift();
    busiestMinute = Math.max(busiestMinute, recent.length);
  }

  for (let from = 1; from <= to; ) {
    const page = await journal.events(session.id, from, PAGE);
    if (page.length === 0) break;
    for (const row of page) {
      if (row.position > to) break;
      events++;
      const turn = intake.judge(row);
      const { event, header } = intake;
      if (header !== null) {
        first ||= header.at;
        last = Math.max(last, header.at);
      }
      if (turn !== 'taken' || event === null || !wanted.has(event.type)) continue;
      runner.apply(event.type === 'session.started' && rules !== null ? withRules(event, rules) : event, count);
    }
    from = (page[page.length - 1] as { position: number }).position + 1;
    progress(from - 1, to);
  }
  return {
    session: session.id,
    events,
    hours: (last - first) / 3_600_000_000,
    alerts,
    messages,
    channels: Object.fromEntries([...channels].sort()),
    rules: [...counts.values()].sort((a, b) => b.messages - a.messages || b.alerts - a.alerts || (a.rule < b.rule ? -1 : 1)),
    busiestMinute,
  };
}

function withRules<E extends AnyEvent & { readonly type: 'session.started' }>(event: E, rules: AlertRules): E {
  const config = event.data.config as Partial<SessionConfig>;
  return { ...event, data: { ...event.data, config: { ...config, alerting: { routing: 'production', ...config.alerting, rules } } } };
}
