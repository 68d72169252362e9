/**
 * Writes the dashboards and, for a cluster, what its Prometheus operator wants.
 *   node deploy/observability/make.mjs
 * The services' state comes from Prometheus; what trading made of it from the journal, where every number has its event.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse, stringify } from 'yaml';
import { fx } from './panels/fx.mjs';
import { system } from './panels/system.mjs';
import { trading } from './panels/trading.mjs';

const HEAD = '# Made by `node deploy/observability/make.mjs`.\n';

/** By path under `deploy/`. */
export function madeFiles() {
  const boards = Object.fromEntries(
    [system, trading, fx].map((board) => [`observability/grafana/dashboards/${board.uid}.json`, `${JSON.stringify(board, null, 2)}\n`]),
  );
  return { ...boards, 'k8s/monitoring/rules.yaml': HEAD + stringify(ruleObject(), { lineWidth: 140 }) };
}

/** What only the cluster knows, by kube-state-metrics: nobody looks at a job that fails at night. */
const CLUSTER = {
  name: 'arbitrage-lite-cluster',
  rules: [
    {
      alert: 'ArbBackupOld',
      expr: 'time() - max(kube_cronjob_status_last_successful_time{namespace="arbitrage",cronjob="backup"}) > 46800',
      labels: { severity: 'warning' },
      annotations: { summary: 'the newest good backup of the journal is older than two of its hours; kubectl get jobs -n arbitrage' },
    },
    {
      alert: 'ArbBackupFailed',
      expr: 'kube_job_failed{namespace="arbitrage",job_name=~"backup-.*",condition="true"} > 0',
      labels: { severity: 'warning' },
      annotations: { summary: '{{ $labels.job_name }} failed; kubectl logs -n arbitrage job/{{ $labels.job_name }}' },
    },
  ],
};

/** The same rules as the Prometheus of compose has, and the cluster's own. */
function ruleObject() {
  const { groups } = parse(readFileSync(new URL('prometheus/rules.yml', import.meta.url), 'utf8'));
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'arbitrage-lite', namespace: 'arbitrage', labels: { release: 'kube-prometheus-stack' } },
    spec: { groups: [...groups, CLUSTER] },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [file, text] of Object.entries(madeFiles())) {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
