import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { AlertRules } from '../core/alerting.ts';
import { alertRules } from './alert-rules.ts';
import { readAlertRules } from './alert-rules-file.ts';
import { configHash } from './canonical.ts';
import { ConfigError, faultLine } from './fault.ts';
import { loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'arb-alert-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RULES = loadConfig({ env: {} }).session.alerting.rules as AlertRules;
const RULE = {
  id: 'XX-001',
  says: 'a test',
  severity: 'P2',
  on: 'health',
  closeAfterSeconds: 5,
  summary: '{venue}: {why}',
  runbook: 'test',
};

function faultsOf(rule: object, set: object = {}): readonly string[] {
  return alertRules.check({ ...RULES, rules: [{ ...RULE, ...rule }], ...set }, 'rules').map(faultLine);
}

/** Loads with a file of this text. */
function load(text: string) {
  const file = join(folder, 'alerts.yaml');
  writeFileSync(file, text);
  return loadConfig({ env: { ARB_ALERT_RULES_FILE: file } });
}

describe('the rules of alerting', () => {
  it('stand whole in the session, and a changed one is a changed configuration', () => {
    const same = load(JSON.stringify(RULES));
    const other = load(JSON.stringify({ ...RULES, summaryHour: 7 }));
    expect(same.session.alerting.rules).toEqual(RULES);
    expect(configHash(same.session)).toBe(configHash(loadConfig({ env: {} }).session));
    expect(configHash(other.session)).not.toBe(configHash(same.session));
  });

  it('are refused at the start with the path, the value, the reason and the file', () => {
    const [rule] = RULES.rules;
    const text = JSON.stringify({ ...RULES, rules: [{ ...rule, severity: 'P9' }] }).replace('"severity"', '\n"severity"');
    expect(() => load(text)).toThrow(
      /alerting\.rules\.rules\[0\]\.severity: "P9", is not one of P0 \| P1 \| P2 \| P3, .*alerts\.yaml line 2$/m,
    );
    expect(() => load('rules: [')).toThrow(/infrastructure\.alertRulesFile: .*is not YAML/);
    expect(() => loadConfig({ env: { ARB_ALERT_RULES_FILE: join(folder, 'none.yaml') } })).toThrow(/cannot be read \(ENOENT\)/);
  });

  const nines = (name: string) => `[${Array(9).fill(name).join(', ')}]`;
  const bomb = ['a: &a [x]', ...[...'bcdefghi'].map((name, i) => `${name}: &${name} ${nines(`*${'abcdefghi'[i]}`)}`)].join('\n');
  it.each<[string, string, RegExp]>([
    ['is empty, for nobody would be told anything', '# nothing yet\n', /is empty/],
    ['is a bomb of aliases', bomb, /is not usable YAML \(Excessive alias count/],
    ['holds itself', 'a: &a\n  b: *a\n', /is not usable YAML \(Converting circular/],
    ['is nested without end', `rules: ${'['.repeat(20_000)}${']'.repeat(20_000)}`, /is nested too deeply/],
    ['names the same key twice', 'routes: {}\nroutes: {}\n', /is not YAML \(Map keys must be unique at line 2/],
    ['wants to be more than data', 'routes: !!js/function "x"\n', /is not YAML \(Unresolved tag.* at line 1/],
    ['is larger than any', `#${'x'.repeat(1024 * 1024)}`, /is larger than/],
  ])('are refused in one sentence where the file %s', (_, text, expected) => {
    let said = '';
    try {
      load(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      said = (error as ConfigError).message;
    }
    expect(said.split('\n')).toEqual(['The configuration of paper cannot be used:', expect.stringMatching(expected)]);
    const read = readAlertRules(join(folder, 'alerts.yaml'));
    expect('faults' in read && read.faults.map(faultLine)).toEqual([expect.stringMatching(expected)]);
  });

  it('are refused where P0 reaches nobody, and where reminders do not grow', () => {
    const nobody = { ...RULES.routes, production: { ...RULES.routes.production, P0: ['store'] } };
    expect(faultsOf({}, { routes: nobody })).toEqual([
      expect.stringMatching(/routes\.production\.P0: \["store"\], reaches nobody at once/),
    ]);
    const limits = { ...RULES.limits, remindMinutes: { ...RULES.limits.remindMinutes, P1: [60, 15] } };
    expect(faultsOf({}, { limits })).toEqual([expect.stringMatching(/remindMinutes\.P1: \[60,15\], does not grow/)]);
  });

  it.each<[string, object, RegExp]>([
    ['a share that is no number', { summary: '{state%}' }, /\.summary: "state%", is a text, and no share/],
    ['a negative window', { holdSeconds: -5 }, /\.holdSeconds: -5, is not a number from 0\.1/],
    ['an unknown key', { severty: 'P1' }, /rules\.rules\[0\]\.severty: "P1", is not a key here, did you mean severity/],
    ['a fact that there is none of', { on: 'helth' }, /\.on: "helth", is not one of/],
    ['a field that the fact has not', { when: { stat: 'DOWN' } }, /\.when\.stat: "stat", is not a field of health/],
    ['a key that the fact has not', { key: ['coin'] }, /\.key\[0\]: "coin", is not a field of health/],
    ['a field in the summary that the fact has not', { summary: '{coin}' }, /\.summary: "coin", is not a field of health/],
    ['bounds for a text', { when: { state: { above: 3 } } }, /does not fit state, which is a text/],
    ['a condition that says nothing', { when: { state: {} } }, /says nothing/],
    ['no end', { closeAfterSeconds: undefined }, /\.clears: nothing, is missing, and so the alert would never end/],
    ['a moment that ends', { moment: true }, /\.moment: true, does not go with/],
    ['times without a time', { times: 3 }, /\.times: 3, goes only with withinSeconds/],
    ['silence that counts', { silentSeconds: 5, times: 2, withinSeconds: 5 }, /\.silentSeconds: 5, does not go with/],
    ['absence from what is no list', { clears: 'absent' }, /\.clears: "absent", is for facts that come as a list/],
    ['an escalation downwards', { escalate: { afterMinutes: 1, to: 'P3' } }, /\.escalate\.to: "P3", is not above P2/],
    ['a channel twice', { channels: ['slack', 'slack'] }, /\.channels\[1\]: "slack", is already at \[0\]/],
  ])('are refused for %s', (_, rule, expected) => {
    expect(faultsOf(rule)).toEqual([expect.stringMatching(expected)]);
  });

  it('are refused for the same id twice, and for a route that leaves out a severity', () => {
    expect(faultsOf({}, { rules: [RULE, RULE] })).toEqual([
      expect.stringMatching(/rules\[1\]\.id: "XX-001", is already that of rules\[0\]/),
    ]);
    const { P3: _, ...production } = RULES.routes.production;
    expect(faultsOf({}, { routes: { ...RULES.routes, production } })).toEqual([
      expect.stringMatching(/routes\.production\.P3: nothing, is not a list/),
    ]);
  });

  it('may look at counters by whatever name a venue gives them', () => {
    expect(faultsOf({ when: { 'more.gaps': { above: 0 }, 'counters.anything': 1 }, summary: '{more.gaps}' })).toEqual([]);
  });
});
