import { CATALOG, SERVICES } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
// @ts-expect-error: plain JavaScript, because people run it as it is
import { madeFiles } from '../../deploy/observability/make.mjs';
import { readText } from '../packages.ts';
import { metricNames, metricsIn } from './metrics.ts';

interface Panel {
  readonly title: string;
  readonly datasource: { readonly uid: string };
  readonly targets: readonly { readonly expr?: string; readonly rawSql?: string }[];
}
interface Board {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const BOARDS = ['system', 'trading', 'fx'];
const boards = BOARDS.map((name) => JSON.parse(readText(`deploy/observability/grafana/dashboards/${name}.json`)) as Board);
const targets = boards.flatMap(({ uid, panels }) =>
  panels.flatMap((panel) => panel.targets.map((target) => ({ where: `${uid}: ${panel.title}`, uid: panel.datasource.uid, ...target }))),
);
const rules = (
  parse(readText('deploy/observability/prometheus/rules.yml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
).groups.flatMap((group) => group.rules);
const metrics = metricNames();

describe('dashboards and rules', () => {
  it('are as they are made (else: node deploy/observability/make.mjs)', () => {
    const made = madeFiles() as Readonly<Record<string, string>>;
    expect(Object.keys(made)).toHaveLength(BOARDS.length + 1);
    for (const [file, text] of Object.entries(made)) expect([file, parse(readText(`deploy/${file}`))]).toEqual([file, parse(text)]);
  });

  it('ask for metrics that the code shows', () => {
    const asked = [
      ...targets.flatMap(({ where, expr }) => (expr === undefined ? [] : [[where, expr] as const])),
      ...rules.map(({ alert, expr }) => [alert, expr] as const),
    ];
    expect(asked.length).toBeGreaterThan(20);
    const strange = asked.flatMap(([where, expr]) =>
      metricsIn(expr)
        .filter((name) => name !== 'up' && !metrics.has(name))
        .map((name) => `${where}: ${name}`),
    );
    expect(strange).toEqual([]);
  });

  it('would be refused with a metric that nobody shows', () => {
    expect(metrics).toEqual(expect.objectContaining({ size: expect.any(Number) }));
    expect(metrics.has('arb_lag_ms') && metrics.has('arb_committed_position') && metrics.has('nodejs_gc_duration_seconds_sum')).toBe(true);
    expect(metricsIn('sum by (service) (rate(arb_profit{service="risk"}[1m])) / up')).toEqual(['arb_profit', 'up']);
    expect(metrics.has('arb_profit')).toBe(false);
  });

  it('ask the journal for events that there are, by fields that they have', () => {
    const events = readText('libs/shared/src/contracts/events.ts');
    const queries = targets.flatMap(({ where, rawSql }) => (rawSql === undefined ? [] : [{ where, sql: rawSql }]));
    expect(queries.length).toBeGreaterThan(15);
    for (const { where, sql } of queries) {
      const type = /AND type = '([a-z.]+)'/.exec(sql)?.[1] as string;
      expect([where, CATALOG[type as keyof typeof CATALOG]?.table]).toEqual([where, 'ledger']);
      const shape = new RegExp(`^export const ${type} = record\\(\\{([\\s\\S]*?)^\\}\\)`, 'm').exec(events)?.[1] ?? '';
      for (const [, field] of sql.matchAll(/body->'data'->>?'(\w+)'/g))
        expect([where, field, new RegExp(`^ {2}${field}(:|,$)`, 'm').test(shape)]).toEqual([where, field, true]);
    }
  });

  it('tell in a cluster when no backup is made', () => {
    const { spec } = parse(readText('deploy/k8s/monitoring/rules.yaml')) as {
      spec: { groups: { rules: { alert: string; expr: string }[] }[] };
    };
    const [cronJob] = parseAllDocuments(readText('deploy/k8s/backup/backup.yaml')).map((one) => one.toJS());
    const told = spec.groups.flatMap(({ rules: own }) => own).filter(({ alert }) => alert.startsWith('ArbBackup'));
    expect(told.map(({ alert }) => alert)).toEqual(['ArbBackupOld', 'ArbBackupFailed']);
    for (const { expr } of told) {
      expect(expr).toContain(`namespace="${cronJob.metadata.namespace}"`);
      expect(expr).toMatch(new RegExp(`"${cronJob.metadata.name}["-]`));
    }
  });

  it('ask only sources that are provisioned', () => {
    const provisioned = parse(readText('deploy/observability/grafana/provisioning/datasources/datasources.yaml')) as {
      datasources: { uid: string; url: string }[];
    };
    expect([...new Set(targets.map(({ uid }) => uid))].sort()).toEqual(provisioned.datasources.map(({ uid }) => uid).sort());
    const { services } = parse(readText('docker-compose.yml'), { merge: true, maxAliasCount: -1 }) as { services: object };
    for (const { url } of provisioned.datasources)
      expect(Object.keys(services)).toContain(url.replace(/^http:\/\//, '').replace(/:\d+$/, ''));
  });

  it('hear every service', () => {
    const { scrape_configs: jobs } = parse(readText('deploy/observability/prometheus/prometheus.yml')) as {
      scrape_configs: { job_name: string; static_configs?: { targets: string[] }[]; dns_sd_configs?: { names: string[] }[] }[];
    };
    expect(jobs.flatMap(({ static_configs: list = [] }) => list.flatMap((one) => one.targets)).sort()).toEqual(
      SERVICES.map((name) => `${name}:8080`).sort(),
    );
    // Whoever a profile starts is found by name while it is there.
    const { services } = parse(readText('docker-compose.yml'), { merge: true, maxAliasCount: -1 }) as { services: object };
    expect(jobs.flatMap(({ dns_sd_configs: list = [] }) => list.flatMap((one) => one.names)).sort()).toEqual(
      Object.keys(services)
        .filter((name) => /-(standby|shadow)$/.test(name))
        .sort(),
    );
  });
});
