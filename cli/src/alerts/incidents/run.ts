import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scriptedServer } from '@arb/alerting/testing';
import { loadConfig } from '@arb/shared/config';
import type { AlertRules, Routing } from '@arb/shared/core';
import type { Incident } from './incident.ts';
import { startTrialStack, type TrialStack } from './trial-stack.ts';

export interface IncidentResult {
  readonly incident: string;
  readonly routing: Routing;
  readonly ok: boolean;
  readonly faults: readonly string[];
  /** Messages of the incident's own rule, by channel. */
  readonly messages: Readonly<Record<string, number>>;
  /** Messages of other rules that came with it. */
  readonly beside: readonly string[];
}

/** After the end of an incident: what has been told has arrived by then. */
const SETTLE_MS = 3_000;
const TOKEN = '1:trial-of-an-incident';

/** Causes it in a stack of its own, with people who listen on loopback, and holds what they were told to what was expected. */
export async function runIncident(incident: Incident, routing: Routing): Promise<IncidentResult> {
  const folder = mkdtempSync(join(tmpdir(), 'arb-rules-'));
  const server = await scriptedServer();
  server.answer(({ path }) => (path.endsWith('/getUpdates') ? 'hang' : null));
  let stack: TrialStack | null = null;
  try {
    const file = join(folder, 'alerts.json');
    const { rules } = loadConfig({ env: {} }).session.alerting;
    // JSON is YAML too.
    writeFileSync(file, JSON.stringify(incident.rules === undefined ? rules : incident.rules(rules as AlertRules)));
    stack = await startTrialStack({
      ...incident.settings,
      ARB_ALERT_RULES_FILE: file,
      ARB_ALERTING_ROUTING: routing,
      ARB_TELEGRAM_URL: server.url,
      ARB_TELEGRAM_TOKEN: TOKEN,
      ARB_TELEGRAM_CHATS: '1',
      ARB_SLACK_WEBHOOK: `${server.url}/slack`,
    });
    await incident.cause(stack);
    await stack.wait(SETTLE_MS);
    const told = await stack.sql(`SELECT key, rule, severity, state, step, summary FROM alerts ORDER BY position`);
    const texts = server.requests.flatMap(({ path, body }) => {
      const channel = path.endsWith('/sendMessage') ? 'telegram' : path === '/slack' ? 'slack' : null;
      return channel === null ? [] : [{ channel, text: (body as { text: string }).text }];
    });
    return judge(incident, routing, told, texts);
  } finally {
    await stack?.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(
  incident: Incident,
  routing: Routing,
  told: readonly Record<string, unknown>[],
  texts: readonly { readonly channel: string; readonly text: string }[],
): IncidentResult {
  const { rule, severity, text, expected, ends } = incident;
  const faults: string[] = [];
  const own = told.filter((row) => row.rule === rule);
  const first = own[0];
  if (first === undefined) faults.push(`expected ${rule} to be raised; it was not`);
  else {
    if (first.severity !== severity) faults.push(`expected ${severity}, found ${String(first.severity)}`);
    if (!String(first.summary).includes(text)) faults.push(`expected "${text}" in the message, found "${String(first.summary)}"`);
  }
  if (ends && !own.some((row) => row.state === 'closed')) faults.push(`expected ${rule} to end; it did not`);
  const isOwn = (message: string): boolean => new RegExp(`^rule: ${rule}(/|,|$)`, 'm').test(message);
  const messages: Record<string, number> = {};
  for (const [channel, count] of Object.entries(expected[routing])) {
    messages[channel] = texts.filter((message) => message.channel === channel && isOwn(message.text)).length;
    if (messages[channel] !== count) faults.push(`expected ${count} messages on ${channel}, found ${messages[channel]}`);
  }
  const beside = [...new Set(told.filter((row) => row.rule !== rule).map((row) => String(row.key)))];
  return { incident: incident.name, routing, ok: faults.length === 0, faults, messages, beside };
}
