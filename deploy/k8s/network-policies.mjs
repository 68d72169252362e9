/**
 * Nobody talks to anybody, but for what the contracts' table of events implies: who writes or reads events talks to NATS; all of
 * them recover from the journal's database; who holds a lease touches the world. Services never talk to each other.
 */
import { KINDS, LEASED_SERVICES, SERVICES } from '@arb/shared/contracts';
import { REDIS_USERS } from '../secrets/secrets.mjs';
import { HTTP_PORT, labelsOf, NAMESPACE, SHADOW } from './workloads.mjs';

export const SERVER_PORTS = { nats: 4222, postgres: 5432, redis: 6379 };
export const SERVER_LABEL = 'arbitrage-lite/server';
const NATS_ROUTES = 6222;
const NATS_MONITOR = 8222;
const SIMULATOR_PORT = 9100;
/** What market-data and alerting need outside: HTTPS, and mail's submission ports. */
const WORLD_PORTS = { 'market-data': [443], alerting: [443, 465, 587] };
/** Addresses that are the cluster's own or the cloud's: the world begins behind them. */
const NOT_THE_WORLD = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'];

/** By server: the services that talk to it. */
export function clientsOf(server) {
  if (server === 'redis') return SERVICES.filter((name) => REDIS_USERS.includes(name));
  return SERVICES.filter((name) => KINDS.some(({ readers, writers }) => readers.includes(name) || writers.includes(name)));
}

/** For the services, in every overlay. */
export function servicePolicies() {
  return [nothing(), names(), ...SERVICES.map(ofService)];
}

/** For the servers, wherever they come from: they are known by a label of ours, which every chart lets one add. */
export function serverPolicies() {
  return Object.keys(SERVER_PORTS).map(ofServer);
}

function policy(name, podSelector, rules) {
  const policyTypes = [...(rules.ingress === undefined ? [] : ['Ingress']), ...(rules.egress === undefined ? [] : ['Egress'])];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: NAMESPACE },
    spec: { podSelector, policyTypes, ...rules },
  };
}

/** The namespace is named although it is the same: a server may come from a chart, whose pods are not among these manifests. */
function pods(matchLabels) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } }, podSelector: { matchLabels } };
}

const named = (name) => pods({ 'app.kubernetes.io/name': name });
const serving = (server) => pods({ [SERVER_LABEL]: server });

function tcp(...ports) {
  return ports.map((port) => ({ protocol: 'TCP', port }));
}

function nothing() {
  return policy('nothing-by-default', {}, { ingress: [], egress: [] });
}

function names() {
  const dns = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  };
  return policy(
    'names',
    {},
    {
      egress: [
        {
          to: [dns],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    },
  );
}

function ofService(name) {
  const servers = Object.keys(SERVER_PORTS).filter((server) => clientsOf(server).includes(name));
  const world = LEASED_SERVICES.includes(name)
    ? [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: NOT_THE_WORLD } }], ports: tcp(...WORLD_PORTS[name]) }]
    : [];
  const simulated = name === 'market-data' ? [{ to: [named('simulator')], ports: tcp(SIMULATOR_PORT) }] : [];
  const from = [inNamespace('monitoring'), ...(name === 'dashboard' ? [inNamespace('ingress-nginx')] : [])];
  return policy(
    name,
    { matchLabels: labelsOf(name) },
    {
      ingress: [{ from, ports: tcp(HTTP_PORT) }],
      egress: [...servers.map((server) => ({ to: [serving(server)], ports: tcp(SERVER_PORTS[server]) })), ...simulated, ...world],
    },
  );
}

function inNamespace(name) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

/** Beside the services: `arb` in a job, what shadows a core, and who backs up the journal. */
const MORE_CLIENTS = { nats: ['tools', SHADOW], postgres: ['tools', SHADOW, 'backup'], redis: ['tools'] };
/** It draws the journal's charts, as a role that only looks. */
const GRAFANA = { ...inNamespace('monitoring'), podSelector: { matchLabels: { 'app.kubernetes.io/name': 'grafana' } } };

function ofServer(server) {
  const clients = [...[...clientsOf(server), ...(MORE_CLIENTS[server] ?? [])].map(named), ...(server === 'postgres' ? [GRAFANA] : [])];
  const ingress = [{ from: clients, ports: tcp(SERVER_PORTS[server]) }];
  if (server !== 'nats') return policy(server, { matchLabels: { [SERVER_LABEL]: server } }, { ingress });
  // A cluster of NATS talks among itself.
  const routes = { ports: tcp(NATS_ROUTES) };
  return policy(
    server,
    { matchLabels: { [SERVER_LABEL]: server } },
    {
      ingress: [...ingress, { from: [serving(server)], ...routes }, { from: [inNamespace('monitoring')], ports: tcp(NATS_MONITOR) }],
      egress: [{ to: [serving(server)], ...routes }],
    },
  );
}

function talksTo(...servers) {
  return servers.map((server) => ({ to: [serving(server)], ports: tcp(SERVER_PORTS[server]) }));
}

/** `arb` in a job or a debugging pod. */
export function toolPolicies() {
  return [policy('tools', { matchLabels: { 'app.kubernetes.io/name': 'tools' } }, { egress: talksTo('nats', 'postgres', 'redis') })];
}

export function backupPolicies() {
  return [policy('backup', { matchLabels: labelsOf('backup') }, { egress: talksTo('postgres') })];
}

/** What a new version would have said: read from NATS, with metrics for whoever compares. */
export function shadowPolicies() {
  const ingress = [{ from: [inNamespace('monitoring')], ports: tcp(HTTP_PORT) }];
  return [policy(SHADOW, { matchLabels: labelsOf(SHADOW) }, { ingress, egress: talksTo('nats', 'postgres') })];
}
