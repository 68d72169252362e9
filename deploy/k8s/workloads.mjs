/** A service as Kubernetes runs it. Every number here is a default that an overlay may patch. */
import { CORE_SERVICES, SERVICES } from '@arb/shared/contracts';
import { REDIS_USERS } from '../secrets/secrets.mjs';

export const NAMESPACE = 'arbitrage';
export const HTTP_PORT = 8080;
/** The replica number of the second of each core: it derives the same and publishes only what is missing. */
export const STANDBY = 1;
const IMAGE = 'arbitrage-lite:local';
const USER = 1000;
/**
 * What only one service sees and whoever has it makes: how people are reached, and the keys of the exchanges. By service the Secret, whose keys
 * are files in /run/secrets, and the ConfigMap of the same name, whose settings name them; both may be missing.
 */
const BROUGHT = { alerting: 'arb-alerting-channels', 'market-data': 'arb-market-data-keys' };
/** What `app.kubernetes.io/name` says of every core that only shadows. */
export const SHADOW = 'shadow';
/** The journal first, which opens the session; then as one book update meets them. */
export const SERVICES_IN_ORDER = ['journal', ...SERVICES.filter((name) => name !== 'journal')];

/** Requests are what it needs at 500 books/s; limits leave room for catching up. */
const SIZES = {
  journal: { requests: { cpu: '300m', memory: '256Mi' }, limits: { cpu: '2', memory: '768Mi' } },
  dashboard: { requests: { cpu: '100m', memory: '192Mi' }, limits: { cpu: '1', memory: '512Mi' } },
  alerting: { requests: { cpu: '100m', memory: '192Mi' }, limits: { cpu: '1', memory: '512Mi' } },
};
const USUAL_SIZE = { requests: { cpu: '250m', memory: '192Mi' }, limits: { cpu: '2', memory: '512Mi' } };

/** The new one is there before the old one goes: a core joins it, a journal stands by until the old one gives the lock back. */
const OVERLAP = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };

export function labelsOf(name) {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'arbitrage-lite' };
}

export function deployment(name, replica) {
  const own = replica === 0 ? name : `${name}-standby`;
  const labels = { ...labelsOf(name), 'arbitrage-lite/replica': String(replica) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: own, namespace: NAMESPACE, labels },
    spec: {
      // Never more of one number: what tells replicas of a core apart is their number, and the others are single writers.
      replicas: 1,
      revisionHistoryLimit: 5,
      strategy: OVERLAP,
      // The cores of a release start together with its journal; only where they wait already does its cut cost nothing more than itself.
      ...(name === 'journal' ? { minReadySeconds: 10 } : {}),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // A journal writes down what the others have still said, and seals it.
          terminationGracePeriodSeconds: name === 'journal' ? 60 : 30,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            fsGroupChangePolicy: 'OnRootMismatch',
            seccompProfile: { type: 'RuntimeDefault' },
          },
          // A node that is gone is not waited for: what tells writers apart is in the database and in the stream.
          tolerations: ['not-ready', 'unreachable'].map((what) => ({
            key: `node.kubernetes.io/${what}`,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 15,
          })),
          topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: labelsOf(name) },
          })),
          ...(name === 'journal' ? { initContainers: [rolesContainer()] } : {}),
          containers: [container(name, replica)],
          volumes: [
            { name: 'secrets', secret: { secretName: `arb-${name}`, defaultMode: 0o440 } },
            { name: 'data', emptyDir: { sizeLimit: '1Gi' } },
            { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
            ...(name in BROUGHT
              ? [{ name: volumeOf(name), secret: { secretName: BROUGHT[name], optional: true, defaultMode: 0o440 } }]
              : []),
            ...(name === 'journal' ? [{ name: 'roles', secret: { secretName: 'arb-roles', defaultMode: 0o440 } }] : []),
          ],
        },
      },
    },
  };
}

/** `channels`, `keys`. */
function volumeOf(name) {
  return BROUGHT[name].slice(`arb-${name}-`.length);
}

function container(name, replica) {
  return {
    name: 'service',
    image: IMAGE,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', `services/${name}/dist/main.js`],
    envFrom: [
      { configMapRef: { name: 'settings' } },
      ...(name in BROUGHT ? [{ configMapRef: { name: BROUGHT[name], optional: true } }] : []),
    ],
    env: [
      variable('ARB_HTTP_HOST', '0.0.0.0'),
      variable('ARB_HTTP_PORT', String(HTTP_PORT)),
      variable('ARB_HOME', '/data'),
      variable('ARB_NATS_USER', name),
      variable('ARB_NATS_PASSWORD_FILE', '/secrets/nats-password'),
      variable('ARB_POSTGRES_URL_FILE', '/secrets/postgres-url'),
      ...(REDIS_USERS.includes(name) ? [variable('ARB_REDIS_URL', ''), variable('ARB_REDIS_URL_FILE', '/secrets/redis-url')] : []),
      ...(replica === 0 ? [] : [variable('ARB_STANDBY', 'true'), variable('ARB_REPLICA', String(replica))]),
    ],
    ports: [{ name: 'http', containerPort: HTTP_PORT }],
    // Alive as long as its event loop turns; catching up is not being dead.
    startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe('/readyz', { periodSeconds: 1, failureThreshold: 2 }),
    resources: SIZES[name] ?? USUAL_SIZE,
    securityContext: CONFINED,
    volumeMounts: [
      { name: 'secrets', mountPath: '/secrets', readOnly: true },
      { name: 'data', mountPath: '/data' },
      { name: 'tmp', mountPath: '/tmp' },
      ...(name in BROUGHT ? [{ name: volumeOf(name), mountPath: '/run/secrets', readOnly: true }] : []),
    ],
  };
}

/**
 * A core of a new version beside the running stack. It has what a member has, but a NATS user that may publish nothing and a database
 * login that may only look. Nobody depends on it: without a budget, and it may be evicted first.
 */
export function shadow(name) {
  const labels = { ...labelsOf(SHADOW), 'arbitrage-lite/core': name };
  const { metadata, spec } = deployment(name, 0);
  const pod = spec.template.spec;
  const [member] = pod.containers;
  const own = { ARB_NATS_USER: SHADOW, ARB_ROLE: SHADOW };
  const env = member.env.filter((one) => !(one.name in own) && !one.name.startsWith('ARB_REDIS'));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata, name: `${name}-shadow`, labels },
    spec: {
      ...spec,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...pod,
          topologySpreadConstraints: undefined,
          containers: [
            {
              ...member,
              envFrom: [{ configMapRef: { name: 'shadow-settings' } }],
              env: [...env, ...Object.entries(own).map(([key, value]) => variable(key, value))],
              resources: USUAL_SIZE,
              volumeMounts: member.volumeMounts.filter((mount) => mount.mountPath !== '/run/secrets'),
            },
          ],
          volumes: [
            { name: 'secrets', secret: { secretName: `arb-${SHADOW}`, defaultMode: 0o440 } },
            ...pod.volumes.filter((volume) => ['data', 'tmp'].includes(volume.name)),
          ],
        },
      },
    },
  };
}

const CONFINED = { allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };

/** The tables, and the logins of all who read: nobody else has the owner's password. */
function rolesContainer() {
  return {
    name: 'roles',
    image: IMAGE,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', 'deploy/secrets/roles.mjs'],
    env: [variable('ARB_POSTGRES_URL_FILE', '/secrets/postgres-url')],
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    securityContext: CONFINED,
    volumeMounts: [{ name: 'roles', mountPath: '/secrets', readOnly: true }],
  };
}

function probe(path, more) {
  return { httpGet: { path, port: 'http' }, timeoutSeconds: 3, ...more };
}

function variable(name, value) {
  return { name, value };
}

/** Metrics of all replicas are found by it; people reach only the dashboard's. */
export function service(name) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE, labels: labelsOf(name) },
    spec: { selector: labelsOf(name), ports: [{ name: 'http', port: HTTP_PORT, targetPort: 'http' }] },
  };
}

/** Of a core and its standby one may be drained at a time. A single one may be drained too: its work waits in the stream. */
export function budget(name) {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: NAMESPACE, labels: labelsOf(name) },
    spec: {
      maxUnavailable: 1,
      ...(CORE_SERVICES.includes(name) ? { unhealthyPodEvictionPolicy: 'AlwaysAllow' } : {}),
      selector: { matchLabels: labelsOf(name) },
    },
  };
}
