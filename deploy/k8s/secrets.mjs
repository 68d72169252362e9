/**
 * Prints the Secrets that the manifests name, once made and then kept:
 *   node deploy/k8s/secrets.mjs | kubectl apply -f -                                                          the first time
 *   kubectl get secrets -n arbitrage -o json | node deploy/k8s/secrets.mjs --keep | kubectl apply -f -       a newer version: same passwords
 * The output holds passwords: pipe it, do not keep it. Where a vault makes the passwords: examples/external-secrets.yaml.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parse, stringify } from 'yaml';
import { handedOut, passwordsFrom, ROLES } from '../secrets/secrets.mjs';
import { NAMESPACE } from './workloads.mjs';

const VAULT = 'arb-vault';
const PLACES = { postgres: 'postgres:5432', redis: 'redis:6379', nats: { viewer: false } };

/** The vault with every password, and one Secret for each receiver with nothing but its own. */
export function secretsOf(passwords) {
  const given = Object.entries(handedOut(passwords, PLACES));
  return [
    secret(VAULT, passwords),
    ...given.map(([receiver, files]) =>
      secret(`arb-${receiver}`, { ...files, ...MORE[receiver]?.(files) }, TYPES[receiver], LABELS[receiver]),
    ),
  ];
}

/** What charts and operators ask for beside the files: NATS' users alone, the database owner's name. */
const MORE = {
  nats: ({ 'nats.conf': config }) => ({ 'accounts.conf': config.slice(config.indexOf('accounts {')) }),
  postgres: () => ({ username: ROLES.owner }),
  // Found by the sidecar of the usual Grafana charts, under the names that the dashboards ask for.
  grafana: ({ 'postgres-password': password }) => ({ 'datasources.yaml': datasources(password) }),
};
const TYPES = { postgres: 'kubernetes.io/basic-auth' };
const LABELS = { grafana: { grafana_datasource: '1' } };
/** Where an operator's Prometheus is reached, and the journal from another namespace. */
const ELSEWHERE = { 'http://prometheus:9090': 'http://prometheus-operated.monitoring:9090', 'postgres:5432': `postgres.${NAMESPACE}:5432` };

function datasources(password) {
  const file = new URL('../observability/grafana/provisioning/datasources/datasources.yaml', import.meta.url);
  const { apiVersion, datasources } = parse(readFileSync(file, 'utf8'));
  return stringify({
    apiVersion,
    datasources: datasources.map((one) => ({
      ...one,
      url: ELSEWHERE[one.url],
      // One chart has one default already.
      isDefault: false,
      ...(one.secureJsonData === undefined ? {} : { secureJsonData: { password } }),
    })),
  });
}

function secret(name, stringData, type = 'Opaque', labels = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: NAMESPACE, labels: { 'app.kubernetes.io/part-of': 'arbitrage-lite', ...labels } },
    type,
    stringData,
  };
}

/** The passwords of a list of Secrets as kubectl prints it. */
export function vaultIn(list) {
  const found = list.items?.find(({ metadata }) => metadata.name === VAULT);
  if (found === undefined)
    throw new Error(`expected a Secret ${VAULT} on standard input, found none: leave --keep out to make the first passwords`);
  return (name) => (found.data[name] === undefined ? null : Buffer.from(found.data[name], 'base64').toString('utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const known = process.argv.includes('--keep') ? vaultIn(JSON.parse(readFileSync(0, 'utf8'))) : () => null;
  process.stdout.write(
    secretsOf(passwordsFrom(known))
      .map((object) => stringify(object))
      .join('---\n'),
  );
}
