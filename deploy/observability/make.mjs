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

/** The same rules as the Prometheus of compose has. */
function ruleObject() {
  const { groups } = parse(readFileSync(new URL('prometheus/rules.yml', import.meta.url), 'utf8'));
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'arbitrage-lite', namespace: 'arbitrage', labels: { release: 'kube-prometheus-stack' } },
    spec: { groups },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [file, text] of Object.entries(madeFiles())) {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
