import { type AlertRule, type AlertRules, FACTS, ROUTINGS, SEVERITIES } from '@arb/shared/core';

const MEANING = { P0: 'get up now', P1: 'look now', P2: 'look today', P3: 'good to know' } as const;

/** docs/ALERTS.md, made from the rules. */
export function alertsPage(set: AlertRules): string {
  const { limits } = set;
  const bySeverity = (show: (severity: (typeof SEVERITIES)[number]) => string) =>
    SEVERITIES.map((severity) => `${severity} ${show(severity)}`).join(', ');
  return [
    '# Alerts',
    '',
    'Made from [config/alerts.yaml](../config/alerts.yaml) by `node services/alerting/dist/docs/write-page.js`; a test holds it up to date.',
    'What to do about each: [RUNBOOK.md](RUNBOOK.md). What other rules would have told of a session: `arb alerts backtest SESSION --rules FILE`.',
    '',
    '## Who is told',
    '',
    `| Severity | Means | ${ROUTINGS.map((routing) => `In ${routing}`).join(' | ')} |`,
    `|---|---|${ROUTINGS.map(() => '---|').join('')}`,
    ...SEVERITIES.map(
      (severity) =>
        `| ${severity} | ${MEANING[severity]} | ${ROUTINGS.map((routing) => set.routes[routing][severity].join(', ')).join(' | ')} |`,
    ),
    '',
    '`store` is the journal: every alert stands there and is listed by `arb alerts list`. `summary` is the one mail a day.',
    `Where a channel cannot deliver: ${Object.entries(set.fallback)
      .map(([name, chain]) => `${name} → ${chain.join(' → ')}`)
      .join('; ')}; else the message becomes a dead letter (\`arb alerts dlq list\`).`,
    '',
    '## How often',
    '',
    `- Messages a minute: ${bySeverity((severity) => String(limits.perMinute[severity]))}. What is more is told in one message as soon as there is room, and stands in the journal one by one.`,
    `- The same trouble is raised once in ${spelled(limits.throttleSeconds)}, however often it comes and goes.`,
    `- Further troubles of one rule become one message after: ${bySeverity((severity) => (limits.aggregateSeconds[severity] === 0 ? 'at once' : spelled(limits.aggregateSeconds[severity])))}.`,
    `- While it stays open and nobody has acknowledged it, it is told again after minutes: ${bySeverity((severity) => (limits.remindMinutes[severity].length === 0 ? 'never' : limits.remindMinutes[severity].join(', ')))}; the last step repeats.`,
    `- The day is summed up at ${set.summaryHour}:00 UTC.`,
    '',
    '## Rules',
    '',
    '| Rule | Severity | What | When | Ends | Runbook |',
    '|---|---|---|---|---|---|',
    ...set.rules.map(
      (rule) =>
        `| ${rule.id} | ${rule.severity}${rule.escalate === undefined ? '' : `, ${rule.escalate.to} after ${rule.escalate.afterMinutes} m`} | ${rule.says} | ${escaped(whenOf(rule))} | ${escaped(endOf(rule))} | [${rule.runbook}](RUNBOOK.md#${rule.runbook}) |`,
    ),
    '',
    '## What a rule can look at',
    '',
    '| Fact | What | Fields |',
    '|---|---|---|',
    ...Object.entries(FACTS).map(
      ([name, { says, list, fields }]) =>
        `| ${name} | ${says}${list ? ' (a list, said whole)' : ''} | ${Object.keys(fields)
          .map((field) => (field.endsWith('.') ? `${field}…` : field))
          .join(', ')} |`,
    ),
    '',
  ].join('\n');
}

function whenOf(rule: AlertRule): string {
  const parts = [rule.on];
  if (rule.silentSeconds !== undefined) parts.push(`none for ${spelled(rule.silentSeconds)}`);
  for (const [field, condition] of Object.entries(rule.when ?? {})) parts.push(`${field} ${conditionText(condition)}`);
  if (rule.holdSeconds !== undefined) parts.push(`for ${spelled(rule.holdSeconds)}`);
  if (rule.times !== undefined) parts.push(`${rule.times} times in ${spelled(rule.withinSeconds ?? 0)}`);
  if (rule.key !== undefined) parts.push(`by ${rule.key.join(' and ')}`);
  return parts.join(', ');
}

function conditionText(condition: unknown): string {
  if (Array.isArray(condition)) return condition.map(String).join(' or ');
  if (typeof condition !== 'object' || condition === null) return String(condition);
  return Object.entries(condition)
    .map(([word, value]) => `${word} ${Array.isArray(value) ? value.map(String).join(' or ') : String(value)}`)
    .join(' and ');
}

function endOf(rule: AlertRule): string {
  if (rule.moment === true) return 'a moment';
  const parts: string[] = [];
  if (rule.silentSeconds !== undefined) parts.push('when one comes');
  if (rule.clears === 'otherwise') parts.push('when it is not so');
  else if (rule.clears === 'absent') parts.push('when it is not in the list');
  else if (typeof rule.clears === 'object')
    parts.push(
      `when ${Object.entries(rule.clears)
        .map(([field, condition]) => `${field} ${conditionText(condition)}`)
        .join(', ')}`,
    );
  if (rule.closeAfterSeconds !== undefined) parts.push(`after ${spelled(rule.closeAfterSeconds)} of quiet`);
  return parts.join(', or ');
}

function spelled(seconds: number): string {
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} m` : `${seconds} s`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
