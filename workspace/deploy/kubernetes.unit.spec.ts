import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SERVICES, KINDS, LEASED_SERVICES, SERVICES } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error: plain JavaScript, because people run it as it is
import { madeFiles } from '../../deploy/k8s/make.mjs';
// @ts-expect-error: plain JavaScript, because people run it as it is
import { secretsOf, vaultIn } from '../../deploy/k8s/secrets.mjs';
import { ProbesController } from '../../libs/shared/src/hosting/probes.controller.ts';
import { ROOT, readText } from '../packages.ts';
import { asStarted, type Environment } from './as-started.ts';
import { type Files, passwords, REDIS_USERS } from './handed.ts';
import { containersOf, documentsOf, type KubernetesObject, podOf, render } from './kustomize.ts';

const FOLDERS = ['overlays/paper', 'overlays/live', 'overlays/canary', 'canary', 'tools', 'monitoring', 'ha'];
const at = (folder: string) => join(ROOT, 'deploy/k8s', folder);
const paper = render(at('overlays/paper'));
const live = render(at('overlays/live'));
const canary = render(at('canary'));
const shadows = render(at('overlays/canary'));
const tools = render(at('tools'));
const everything = [...paper, ...canary, ...shadows, ...tools];
const secrets: readonly KubernetesObject[] = secretsOf(passwords);

const ofKind = (objects: readonly KubernetesObject[], kind: string) => objects.filter((object) => object.kind === kind);
const called = (objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const workloads = everything.filter((object) => podOf(object) !== null);
const ours = workloads.filter((object) => containersOf(object).some(({ image }) => image.startsWith('arbitrage-lite:')));

/** The files that a Secret's pod finds. */
function filesOf(secretName: string): Files {
  return called(secrets, 'Secret', secretName).stringData;
}

/** What may be missing is nobody's business here. */
const required = ({ configMapRef, secret }: { configMapRef?: { optional?: boolean }; secret?: { optional?: boolean } }) =>
  (configMapRef ?? secret)?.optional !== true;

function environmentOf(objects: readonly KubernetesObject[], container: KubernetesObject): Environment {
  const maps = (container.envFrom ?? [])
    .filter(required)
    .map(({ configMapRef }: { configMapRef: { name: string } }) => called(objects, 'ConfigMap', configMapRef.name).data);
  const own = (container.env ?? []).map(({ name, value }: { name: string; value: string }) => [name, value]);
  return Object.assign({}, ...maps, Object.fromEntries(own));
}

function mountedSecretOf(object: KubernetesObject, container: KubernetesObject): string {
  const mount = container.volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === '/secrets');
  return podOf(object).spec.volumes.find(({ name }: { name: string }) => name === mount.name).secret.secretName;
}

describe('the manifests', () => {
  const made: Readonly<Record<string, string>> = madeFiles();

  it.each(Object.keys(made))('%s is as the code makes it (else: node deploy/k8s/make.mjs)', (file) => {
    expect(readText(`deploy/k8s/${file}`)).toBe(made[file]);
  });

  const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
  (kubectl ? it.each(FOLDERS) : it.skip.each(FOLDERS))('%s is read here as kubectl reads it', (folder) => {
    const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', at(folder)], { encoding: 'utf8', maxBuffer: 1 << 28 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const plain = documentsOf(stdout.replaceAll(/\b((?:shadow-|tools-)?settings)-[a-z0-9]{10}\b/g, '$1'));
    const sorted = (objects: readonly KubernetesObject[]) => [...objects].sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
    expect(sorted(plain)).toEqual(sorted(render(at(folder))));
  });
  const keyOf = ({ kind, metadata }: KubernetesObject) => `${kind}/${metadata.namespace}/${metadata.name}`;

  it('start every service once, and each core a second time under its own number', () => {
    const started = ofKind(paper, 'Deployment').map(({ metadata, spec }) => [metadata.name, spec.replicas]);
    const wanted = [...SERVICES, ...CORE_SERVICES.map((name) => `${name}-standby`), 'simulator'].map((name) => [name, 1]);
    expect(started.sort()).toEqual(wanted.sort());
  });

  it.each(
    ours.flatMap((object) => containersOf(object).map((container) => [`${object.metadata.name}/${container.name}`, container] as const)),
  )('%s runs a program that there is', (_, { command }) => {
    const [program, file] = command as [string, string];
    if (program === 'sleep') return expect(file).toBe('3600');
    if (program === 'arb') return expect(existsSync(join(ROOT, 'cli/arb.js'))).toBe(true);
    expect(program).toBe('node');
    expect(existsSync(join(ROOT, file.replace(/\/dist\/(.*)\.js$/, '/src/$1.ts')))).toBe(true);
  });

  const deployments = [paper, live].flatMap((objects) =>
    ofKind(objects, 'Deployment')
      .filter(({ metadata }) => metadata.name !== 'simulator')
      .map((object) => [`${objects === live ? 'live' : 'paper'} ${object.metadata.name}`, objects, object] as const),
  );

  it.each(deployments)('%s: the code understands all of its environment, on the ports that are named', (_, objects, object) => {
    const container = called(objects, 'Deployment', object.metadata.name).spec.template.spec.containers[0];
    const name = object.metadata.labels?.['app.kubernetes.io/name'] as string;
    const { infrastructure, session } = asStarted(environmentOf(objects, container), filesOf(mountedSecretOf(object, container)));
    expect(infrastructure).toMatchObject({
      natsUser: name,
      natsPassword: passwords[`nats-${name}`],
      httpHost: '0.0.0.0',
      httpPort: container.ports[0].containerPort,
      replica: Number(object.metadata.labels?.['arbitrage-lite/replica']),
      standby: object.metadata.name.endsWith('-standby'),
      environment: objects === live ? 'live' : 'paper',
    });
    expect(session.market.source).toBe(objects === live ? 'live' : 'simulated');
    expect(new URL(infrastructure.redisUrl).password).toBe(REDIS_USERS.includes(name) ? passwords[`redis-${name}`] : '');
    const login = name === 'journal' ? 'arb' : (CORE_SERVICES as readonly string[]).includes(name) ? 'arb_reader' : 'arb_viewer';
    expect(new URL(infrastructure.postgresUrl).username).toBe(login);
  });

  it.each(CORE_SERVICES)('%s of a new version may stand beside the stack: it derives, and may publish and change nothing', (name) => {
    const object = called(shadows, 'Deployment', `${name}-shadow`);
    const container = podOf(object).spec.containers[0];
    expect(container.command).toEqual(['node', `services/${name}/dist/main.js`]);
    const { infrastructure } = asStarted(environmentOf(shadows, container), filesOf(mountedSecretOf(object, container)));
    expect(infrastructure).toMatchObject({ role: 'shadow', natsUser: 'shadow', natsPassword: passwords['nats-shadow'] });
    expect(infrastructure.postgresUrl).toMatch(/^postgres:\/\/arb_viewer:/);
    const user = /user: "shadow"[^}]*publish: \{ allow: \[([^\]]*)\]/.exec(filesOf('arb-nats')['nats.conf'] as string)?.[1] as string;
    expect(
      user
        .split(', ')
        .filter((subject) => !/^"\$JS\.(FC|API\.(INFO|STREAM\.INFO|STREAM\.MSG|CONSUMER))\./.test(`${subject}.`.replace('".', '.'))),
    ).toEqual([]);
  });

  it('give `arb` in a pod of its own what it needs, for an hour', () => {
    const pod = called(tools, 'Pod', 'tools');
    const { infrastructure } = asStarted(environmentOf(tools, containersOf(pod)[0]), filesOf(mountedSecretOf(pod, containersOf(pod)[0])));
    expect(infrastructure).toMatchObject({ natsUser: 'cli', natsPassword: passwords['nats-cli'] });
    expect([new URL(infrastructure.redisUrl).username, new URL(infrastructure.postgresUrl).username]).toEqual(['cli', 'arb_viewer']);
    expect(pod.spec.activeDeadlineSeconds).toBe(3600);
  });

  it('wait not long for a node that is gone', () => {
    for (const object of ofKind(live, 'Deployment'))
      expect(
        podOf(object)
          .spec.tolerations.filter(({ tolerationSeconds }: { tolerationSeconds: number }) => tolerationSeconds <= 30)
          .map(({ key }: { key: string }) => key),
      ).toEqual(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);
  });

  it('tell Grafana of the sources that the dashboards ask, where they are in a cluster', () => {
    const { labels } = called(secrets, 'Secret', 'arb-grafana').metadata;
    expect(labels).toMatchObject({ grafana_datasource: '1' });
    const [told] = documentsOf(filesOf('arb-grafana')['datasources.yaml'] as string) as [KubernetesObject];
    expect(told.datasources.map(({ uid, url }: Record<string, string>) => [uid, url])).toEqual([
      ['metrics', 'http://prometheus-operated.monitoring:9090'],
      ['journal', 'postgres.arbitrage:5432'],
    ]);
    expect(told.datasources[1].secureJsonData.password).toBe(passwords['postgres-viewer']);
  });

  it('would be refused with a variable that the code does not know', () => {
    const container = called(paper, 'Deployment', 'risk').spec.template.spec.containers[0];
    const env = { ...environmentOf(paper, container), ARB_RISK_MAX_EXPOSUR: '1' };
    expect(() => asStarted(env, filesOf('arb-risk'))).toThrow('ARB_RISK_MAX_EXPOSUR');
  });

  it('give the simulator the address that market-data asks', () => {
    const simulator = called(paper, 'Deployment', 'simulator');
    const container = simulator.spec.template.spec.containers[0];
    const listens = new URL(asStarted(environmentOf(paper, container), {}).infrastructure.simulatorUrl);
    const asked = new URL(called(paper, 'ConfigMap', 'settings').data.ARB_SIMULATOR_URL);
    expect([listens.port, container.ports[0].containerPort]).toEqual([asked.port, Number(asked.port)]);
    expect(called(paper, 'Service', asked.hostname).spec.ports[0].port).toBe(Number(asked.port));
  });

  it('ask paths that a service answers', () => {
    const served = Object.getOwnPropertyNames(ProbesController.prototype)
      .map((method) => Reflect.getMetadata('path', ProbesController.prototype[method as keyof ProbesController]))
      .filter((path) => path !== undefined)
      .map((path) => `/${path}`);
    const asked = ofKind(paper, 'Deployment').flatMap((object) =>
      containersOf(object).flatMap((container) =>
        ['startupProbe', 'livenessProbe', 'readinessProbe'].flatMap((probe) => container[probe]?.httpGet?.path ?? []),
      ),
    );
    expect(new Set(asked)).toEqual(new Set(['/healthz', '/readyz']));
    expect(served).toEqual(expect.arrayContaining([...asked, '/metrics']));
    for (const name of SERVICES) {
      const [{ livenessProbe, readinessProbe, startupProbe }] = called(paper, 'Deployment', name).spec.template.spec.containers;
      expect([livenessProbe.httpGet.path, startupProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual([
        '/healthz',
        '/healthz',
        '/readyz',
      ]);
    }
  });

  it('name servers and ports that there are', () => {
    const { data } = called(paper, 'ConfigMap', 'settings');
    const { infrastructure } = asStarted(data, {});
    const urls = [infrastructure.natsUrl, infrastructure.redisUrl, filesOf('arb-journal')['postgres-url'] as string];
    for (const url of urls.map((text) => new URL(text.trim()))) {
      const [port] = called(paper, 'Service', url.hostname).spec.ports;
      expect(port.port).toBe(Number(url.port));
      expect(containersOf(called(paper, 'StatefulSet', url.hostname))[0].ports).toContainEqual({
        name: port.targetPort,
        containerPort: Number(url.port),
      });
    }
    expect(filesOf('arb-nats')['nats.conf']).toMatch(/^port: 4222\nhttp: "0\.0\.0\.0:8222"/m);
    expect(filesOf('arb-nats')['accounts.conf']).toMatch(/^accounts \{/);
  });
});

describe('secrets', () => {
  const mounts: readonly (readonly [string, string])[] = workloads.flatMap((object) =>
    (podOf(object).spec.volumes ?? [])
      .filter(({ secret }: { secret?: object }) => secret !== undefined)
      .filter(required)
      .map(({ secret }: { secret: { secretName: string } }) => [object.metadata.name, secret.secretName] as const),
  );

  it.each(mounts)('of %s: %s is made', (_: string, secretName: string) => {
    expect(Object.keys(filesOf(secretName)).length).toBeGreaterThan(0);
  });

  it('are mounted only where they belong', () => {
    const wanted = (name: string) =>
      name === 'canary' || name === 'tools' ? 'arb-cli' : name.endsWith('-shadow') ? 'arb-shadow' : `arb-${name.replace(/-standby$/, '')}`;
    for (const [name, secretName] of mounts)
      expect(name === 'journal' ? ['arb-journal', 'arb-roles'] : [wanted(name)]).toContain(secretName);
    expect(mounts.map(([, secretName]) => secretName)).not.toContain('arb-vault');
  });

  it('that somebody brings are optional, and each is seen by its own service alone', () => {
    const brought = [...everything, ...live].flatMap((object) =>
      (podOf(object)?.spec.volumes ?? [])
        .filter(({ secret }: { secret?: { optional?: boolean } }) => secret?.optional === true)
        .map(({ secret }: { secret: { secretName: string } }) => `${object.metadata.name} ${secret.secretName}`),
    );
    expect([...new Set(brought)].sort()).toEqual([
      'alerting arb-alerting-channels',
      'alerting-standby arb-alerting-channels',
      'market-data arb-market-data-keys',
    ]);
    const { envFrom, volumeMounts } = containersOf(called(live, 'Deployment', 'market-data'))[0];
    expect(envFrom).toContainEqual({ configMapRef: { name: 'arb-market-data-keys', optional: true } });
    expect(volumeMounts).toContainEqual({ name: 'keys', mountPath: '/run/secrets', readOnly: true });
  });

  it('stand in no manifest, and every file that a process is told to read is among its own', () => {
    const text = JSON.stringify([...everything, ...live]);
    for (const password of Object.values(passwords)) expect(text).not.toContain(password);
    for (const object of ours)
      for (const container of containersOf(object))
        for (const { name, value } of container.env ?? [])
          if (name.endsWith('_FILE'))
            expect(Object.keys(filesOf(mountedSecretOf(object, container)))).toContain(value.replace('/secrets/', ''));
  });

  it('keep their passwords when they are made again', () => {
    const list = {
      items: [
        {
          metadata: { name: 'arb-vault' },
          data: Object.fromEntries(Object.entries(passwords).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
        },
      ],
    };
    const known = vaultIn(list);
    for (const [name, password] of Object.entries(passwords)) expect(known(name)).toBe(password);
    expect(known('nats-newcomer')).toBeNull();
    expect(() => vaultIn({ items: [] })).toThrow('--keep');
  });

  it('may come from a vault under the same names', () => {
    const [example] = documentsOf(readText('deploy/k8s/examples/external-secrets.yaml')) as [KubernetesObject];
    expect(example.spec.data.map(({ secretKey }: { secretKey: string }) => secretKey).sort()).toEqual(
      Object.keys(filesOf(example.spec.target.name)).sort(),
    );
  });
});

describe('every pod', () => {
  it.each(workloads.map((object) => [object.metadata.name, object] as const))('%s may do no more than it must', (_, object) => {
    const { spec } = podOf(object);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: expect.any(Number),
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
    for (const container of containersOf(object)) {
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources).toEqual({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { cpu: expect.any(String), memory: expect.any(String) },
      });
      expect(container.image).toMatch(/:(local|\d+\.\d+(\.\d+)?(-[a-z]+)?)$/);
    }
  });

  it.each(SERVICES)('%s may be drained one at a time, and stands apart from its like', (name) => {
    const pods = ofKind(paper, 'Deployment').filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name);
    const budget = called(paper, 'PodDisruptionBudget', name);
    expect(budget.spec.maxUnavailable).toBe(1);
    for (const pod of pods) {
      expect(pod.spec.template.metadata.labels).toMatchObject(budget.spec.selector.matchLabels);
      const spread = pod.spec.template.spec.topologySpreadConstraints;
      expect(spread.map(({ topologyKey }: { topologyKey: string }) => topologyKey)).toEqual([
        'kubernetes.io/hostname',
        'topology.kubernetes.io/zone',
      ]);
      for (const { labelSelector } of spread) expect(pod.spec.template.metadata.labels).toMatchObject(labelSelector.matchLabels);
    }
    expect(called(live, 'Deployment', name).spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable).toBe('DoNotSchedule');
  });
});

describe('who may talk to whom', () => {
  interface Rule {
    readonly to?: readonly Peer[];
    readonly from?: readonly Peer[];
    readonly ports: readonly { readonly port: number }[];
  }
  interface Peer {
    readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly ipBlock?: { readonly cidr: string };
  }
  const peerOf = ({ podSelector, namespaceSelector, ipBlock }: Peer) =>
    ipBlock !== undefined
      ? 'world'
      : (Object.values(podSelector?.matchLabels ?? {})[0] ?? `namespace ${Object.values(namespaceSelector?.matchLabels ?? {})[0]}`);
  const edges = (rules: readonly Rule[] = []) =>
    rules.flatMap(({ to, from, ports }) => (to ?? from ?? []).flatMap((peer) => ports.map(({ port }) => `${peerOf(peer)}:${port}`))).sort();
  const policy = (name: string) => called(paper, 'NetworkPolicy', name).spec;
  const speaks = SERVICES.filter((name) => KINDS.some(({ readers, writers }) => [...readers, ...writers].includes(name)));

  it('is nobody, unless said', () => {
    expect(policy('nothing-by-default')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] });
  });

  it.each(SERVICES)('%s: as the table of events has it', (name) => {
    const world = { 'market-data': ['world:443'], alerting: ['world:443', 'world:465', 'world:587'] };
    const wanted = [
      ...(speaks.includes(name) ? ['nats:4222', 'postgres:5432'] : []),
      ...(REDIS_USERS.includes(name) ? ['redis:6379'] : []),
      ...(name === 'market-data' ? ['simulator:9100'] : []),
      ...((LEASED_SERVICES as readonly string[]).includes(name) ? world[name as keyof typeof world] : []),
    ];
    expect(edges(policy(name).egress)).toEqual(wanted.sort());
    expect(edges(policy(name).ingress)).toEqual(
      ['namespace monitoring:8080', ...(name === 'dashboard' ? ['namespace ingress-nginx:8080'] : [])].sort(),
    );
    for (const object of ofKind(paper, 'Deployment').filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name))
      expect(podOf(object).metadata.labels).toMatchObject(policy(name).podSelector.matchLabels);
  });

  it('servers hear exactly those who are let go to them', () => {
    const goTo = (server: string) => SERVICES.filter((name) => edges(policy(name).egress).some((edge) => edge.startsWith(`${server}:`)));
    const ofTools = called(tools, 'NetworkPolicy', 'tools').spec;
    expect(called(canary, 'NetworkPolicy', 'tools').spec).toEqual(ofTools);
    expect(edges(ofTools.egress)).toEqual(['nats:4222', 'postgres:5432', 'redis:6379']);
    for (const object of [called(canary, 'Job', 'canary'), called(tools, 'Pod', 'tools')])
      expect(podOf(object).metadata.labels).toMatchObject(ofTools.podSelector.matchLabels);
    const beside = called(shadows, 'NetworkPolicy', 'shadow').spec;
    expect([edges(beside.ingress), edges(beside.egress)]).toEqual([['namespace monitoring:8080'], ['nats:4222', 'postgres:5432']]);
    for (const object of ofKind(shadows, 'Deployment')) expect(podOf(object).metadata.labels).toMatchObject(beside.podSelector.matchLabels);
    expect(edges(policy('backup').egress)).toEqual(['postgres:5432']);
    for (const [server, port, more] of [
      ['nats', 4222, ['shadow:4222', 'tools:4222', 'nats:6222', 'namespace monitoring:8222']],
      ['postgres', 5432, ['backup:5432', 'grafana:5432', 'shadow:5432', 'tools:5432']],
      ['redis', 6379, ['tools:6379']],
    ] as const) {
      expect(edges(policy(server).ingress)).toEqual([...goTo(server).map((name) => `${name}:${port}`), ...more].sort());
      expect(podOf(called(paper, 'StatefulSet', server)).metadata.labels).toMatchObject(policy(server).podSelector.matchLabels);
    }
  });

  it('names no two policies alike and covers every pod', () => {
    const names = ofKind(paper, 'NetworkPolicy').map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(names.length);
    for (const object of paper.filter((one) => podOf(one) !== null)) {
      const { labels } = podOf(object).metadata;
      const by = ofKind(paper, 'NetworkPolicy').filter(
        ({ spec }) =>
          spec.podSelector.matchLabels !== undefined &&
          Object.entries(spec.podSelector.matchLabels).every(([key, value]) => labels[key] === value),
      );
      expect([object.metadata.name, by.length]).toEqual([object.metadata.name, 1]);
    }
  });
});
