import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readAlertRules } from '@arb/shared/config';
import { describe, expect, it } from '@jest/globals';
import { alertsPage } from './alerts-page.ts';

const project = new URL('../../../../', import.meta.url);
const read = readAlertRules(fileURLToPath(new URL('config/alerts.yaml', project)));
if ('faults' in read) throw new Error(JSON.stringify(read.faults));
const { rules } = read;
const runbook = readFileSync(new URL('docs/RUNBOOK.md', project), 'utf8');
/** By their names: `## venue-down`. */
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')).trim(), text]),
);

describe('the page of the alerts', () => {
  it('is what the rules say now: node services/alerting/dist/docs/write-page.js writes it', () => {
    expect(readFileSync(new URL('docs/ALERTS.md', project), 'utf8')).toBe(alertsPage(rules));
  });
});

describe('the runbook', () => {
  // What the core and the shell say by themselves, beside the rules.
  const named = [...new Set([...rules.rules.map((rule) => rule.runbook), 'held-back', 'people', 'daily-summary', 'stream-silent'])];

  it.each(named)('says of %s what is seen, what to check, what to do and how to know that it is over', (name) => {
    const section = sections.get(name) ?? '';
    for (const part of ['**Symptom**', '**Check**', '**Act**', '**Verify**']) expect(section).toContain(part);
  });

  it('has no section that no alert names', () => {
    expect([...sections.keys()].filter((name) => !named.includes(name))).toEqual([]);
  });
});
