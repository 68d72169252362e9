import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeConfig } from '@arb/shared/config';
import { CORE_SERVICES, SERVICES } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { isSpec, ROOT, readText, sources } from '../packages.ts';
import { asStarted, type Environment } from './as-started.ts';
import { handed, PASSWORDS, passwords, REDIS_USERS } from './handed.ts';

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly volume?: { readonly subpath: string };
}
interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly user?: string;
  readonly environment?: Environment;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly volumes?: readonly (string | Mount)[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<string, unknown>> } };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly init?: boolean;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
}

const text = readText('docker-compose.yml');
const compose = parse(text, { merge: true, maxAliasCount: -1 }) as {
  services: Readonly<Record<string, Container>>;
  volumes: Readonly<Record<string, null>>;
};
const example = readText('.env.example');
const dockerfile = readText('Dockerfile');
const containers = Object.entries(compose.services);
const service = (name: string): Container => compose.services[name] as Container;
const inNoProfile = () => containers.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
const inProfile = (profile: string) => containers.filter(([, { profiles }]) => profiles?.includes(profile)).map(([name]) => name);
/** Prints how large the young generation becomes, in MB, when much survives in it and it may grow at once. */
const SURVIVING = `const v8 = require('node:v8'); v8.setFlagsFromString('--semi-space-growth-factor=64');
let kept = []; let most = 0;
for (let i = 0; i < 1_000_000; i++) { kept.push({ i, s: String(i) }); if (kept.length > 60_000) kept = kept.slice(30_000);
  if (i % 10_000 === 0) most = Math.max(most, v8.getHeapSpaceStatistics().find((one) => one.space_name === 'new_space').space_size); }
console.log(most / 1024 / 1024);`;
const ONE_SHOTS = ['init', 'roles', 'live-check', 'arb', 'backup'];
/** The dashboard has a fixed address: there is no room for two of them. */
const TRADING = SERVICES.filter((name) => name !== 'dashboard');
const STANDBYS = TRADING.map((name) => `${name}-standby`);
const SHADOWS = CORE_SERVICES.map((name) => `${name}-shadow`);

/** `${NAME:-default}` → default. */
const defaults = new Map([...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [name as string, value as string]));
const filled = (value: string, env: Environment = {}) => value.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name, value) => env[name] ?? value);
const environmentOf = (name: string, env: Environment = {}): Environment =>
  Object.fromEntries(Object.entries(service(name).environment ?? {}).map(([key, value]) => [key, filled(String(value), env)]));
const secretOf = (name: string) =>
  (service(name).volumes ?? []).find((mount): mount is Mount => typeof mount !== 'string' && mount.source === 'secrets');

describe('docker-compose.yml', () => {
  it('starts every service, and all that trades a second time in the profile standby', () => {
    expect(inNoProfile().sort()).toEqual([...SERVICES, 'init', 'roles', 'nats', 'postgres', 'redis', 'simulator'].sort());
    expect(inProfile('standby').sort()).toEqual([...STANDBYS].sort());
    expect(inProfile('canary').sort()).toEqual([...SHADOWS].sort());
    expect(inProfile('observability')).toEqual(['prometheus', 'grafana']);
    expect(inProfile('live')).toEqual(['live-check']);
    expect(inProfile('tools')).toEqual(['arb', 'backup']);
  });

  it.each([...SERVICES, ...STANDBYS])('%s: the code understands all of its environment', (name) => {
    const base = name.replace(/-standby$/, '');
    expect(service(name).command).toEqual(['node', `services/${base}/dist/main.js`]);
    for (const environment of ['paper', 'live']) {
      const { infrastructure, session } = asStarted(environmentOf(name, { ARB_ENV: environment }), handed[base] ?? {});
      expect(infrastructure).toMatchObject({
        environment,
        natsUser: base,
        natsPassword: passwords[`nats-${base}`],
        httpPort: 8080,
        replica: name === base ? 0 : 1,
        standby: name !== base,
      });
      expect(session.market.source).toBe(environment === 'live' ? 'live' : 'simulated');
      expect(new URL(infrastructure.redisUrl).password).toBe(REDIS_USERS.includes(base) ? passwords[`redis-${base}`] : '');
      const login = base === 'journal' ? 'arb' : (CORE_SERVICES as readonly string[]).includes(base) ? 'arb_reader' : 'arb_viewer';
      expect(new URL(infrastructure.postgresUrl).username).toBe(login);
    }
  });

  it.each(SHADOWS)('%s derives beside the stack and may publish and change nothing', (name) => {
    expect(service(name).command).toEqual(['node', `services/${name.replace(/-shadow$/, '')}/dist/main.js`]);
    const { infrastructure } = asStarted(environmentOf(name), handed.shadow ?? {});
    expect(infrastructure).toMatchObject({ role: 'shadow', natsUser: 'shadow', natsPassword: passwords['nats-shadow'] });
    expect(infrastructure.postgresUrl).toMatch(/^postgres:\/\/arb_viewer:/);
  });

  it('would be refused with a variable that the code does not know', () => {
    expect(() => asStarted({ ...environmentOf('risk'), ARB_RISK_LIMIT: '1' }, handed.risk ?? {})).toThrow('ARB_RISK_LIMIT');
  });

  it('gives the tools an environment that the code understands too', () => {
    const { infrastructure } = asStarted(environmentOf('arb'), handed.cli ?? {});
    expect([infrastructure.natsUser, new URL(infrastructure.redisUrl).username]).toEqual(['cli', 'cli']);
    expect(asStarted(environmentOf('backup'), handed.backup ?? {}).infrastructure.postgresUrl).toMatch(/^postgres:\/\/arb:/);
    expect(asStarted(environmentOf('live-check', { ARB_ENV: 'live' }), handed.cli ?? {}).session.market.source).toBe('live');
    expect(new URL(asStarted(environmentOf('simulator'), {}).infrastructure.simulatorUrl).port).toBe(
      new URL(environmentOf('risk').ARB_SIMULATOR_URL as string).port,
    );
  });

  it('hands each container its own secrets, and the vault to init alone', () => {
    const vault = containers.filter(([, { volumes }]) =>
      (volumes ?? []).some((mount) => typeof mount === 'string' && mount.startsWith('secrets:')),
    );
    expect(vault.map(([name]) => name)).toEqual(['init']);
    for (const [name] of containers.filter(([name]) => !['init', 'simulator', 'prometheus'].includes(name))) {
      const receiver = ['arb', 'live-check'].includes(name) ? 'cli' : name.replace(/-standby$/, '').replace(/^.*-shadow$/, 'shadow');
      expect([name, secretOf(name)]).toEqual([
        name,
        { type: 'volume', source: 'secrets', target: '/secrets', read_only: true, volume: { subpath: `for/${receiver}` } },
      ]);
      expect(handed).toHaveProperty([receiver]);
    }
    expect([secretOf('simulator'), secretOf('prometheus')]).toEqual([undefined, undefined]);
  });

  it('hands out nobody else’s password', () => {
    const knownTo = (password: string) =>
      Object.entries(handed)
        .filter(([, files]) => JSON.stringify(files).includes(password))
        .map(([name]) => name);
    for (const writer of [...SERVICES, 'cli'])
      expect(knownTo(passwords[`nats-${writer}`] as string).sort()).toEqual([writer, 'nats'].sort());
    expect(knownTo(passwords['nats-shadow'] as string).sort()).toEqual(['nats', 'shadow']);
    expect(knownTo(passwords.postgres as string).sort()).toEqual(['backup', 'journal', 'postgres', 'roles']);
    expect(knownTo(passwords.redis as string)).toEqual(['redis']);
    for (const user of REDIS_USERS) expect(knownTo(passwords[`redis-${user}`] as string).sort()).toEqual([user, 'redis'].sort());
    expect(knownTo(passwords['postgres-viewer'] as string).sort()).toEqual([
      'cli',
      'dashboard',
      'grafana',
      'market-data',
      'roles',
      'shadow',
    ]);
    expect(PASSWORDS.filter((name) => knownTo(passwords[name] as string).length === 0)).toEqual([]);
  });

  it('gives Redis to those whose code asks for it', () => {
    const asks = (name: string) =>
      sources.some((file) => file.startsWith(`services/${name}/src/`) && !isSpec(file) && readText(file).includes('redisUrl'));
    expect(REDIS_USERS.filter((name) => name !== 'cli').sort()).toEqual(SERVICES.filter(asks).sort());
  });

  it('names only files that are handed out', () => {
    for (const [name, { environment }] of containers)
      for (const [, value] of Object.entries(environment ?? {}))
        if (String(value).startsWith('/secrets/'))
          expect(Object.keys(handed[secretOf(name)?.volume?.subpath.replace('for/', '') ?? ''] ?? {})).toContain(
            String(value).replace('/secrets/', ''),
          );
  });

  it.each(containers)('%s is confined, limited, and says how it is', (name, container) => {
    expect(container).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], init: true });
    expect(container.deploy?.resources.limits).toEqual({
      cpus: expect.any(String),
      memory: expect.stringMatching(/^\d+[MG]$/),
      pids: expect.any(Number),
    });
    expect(container.logging?.options).toMatchObject({ 'max-size': expect.any(String), 'max-file': expect.any(String) });
    if (ONE_SHOTS.includes(name)) expect(container.healthcheck).toEqual({ disable: true });
    else {
      expect(container.restart).toBe('unless-stopped');
      // What is made from this repository has its check in the image.
      if (!container.image.includes('arbitrage-lite')) expect(container.healthcheck?.test?.length).toBeGreaterThan(0);
    }
    const own = container.image.includes('arbitrage-lite');
    if (!own) expect(['nats', 'postgres', 'redis', 'prometheus', 'grafana']).toContain(name);
    if (!own) expect(container.user).toMatch(/^[1-9]\d*:\d+$/);
    for (const port of container.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  /** The journal is not ready before the cores have ended an old session: they must not wait for it. */
  const waitedFor = (name: string, other: string) => {
    if (ONE_SHOTS.includes(other)) return 'service_completed_successfully';
    return other === 'journal' && [...CORE_SERVICES, ...SHADOWS, 'dashboard'].includes(name.replace('-standby', ''))
      ? 'service_started'
      : 'service_healthy';
  };

  it('starts by health: servers, journal, then the world; the cores beside the journal, which needs them for a handover', () => {
    for (const [name, { depends_on: after = {} }] of containers)
      for (const [other, { condition, required }] of Object.entries(after)) {
        expect([name, other, condition]).toEqual([name, other, waitedFor(name, other)]);
        // What may be missing belongs to another profile.
        expect([name, other, required === false]).toEqual([
          name,
          other,
          service(other).profiles?.some((profile) => service(name).profiles?.includes(profile) !== true) ?? false,
        ]);
      }
    const journals = ['journal', 'journal-standby'];
    for (const name of [...SERVICES, ...STANDBYS].filter((one) => !journals.includes(one)))
      expect(Object.keys(service(name).depends_on ?? {})).toContain('journal');
    for (const name of journals) expect(Object.keys(service(name).depends_on ?? {}).sort()).toEqual(['init', 'nats', 'postgres', 'roles']);
  });

  it('gives each standby what its first has', () => {
    for (const name of STANDBYS) {
      const { profiles, environment: second, ...own } = service(name);
      const { environment: first, ...of } = service(name.replace('-standby', ''));
      expect([name, profiles, own]).toEqual([name, ['standby'], of]);
      expect([name, second]).toEqual([name, { ...first, ARB_STANDBY: 'true', ARB_REPLICA: '1' }]);
    }
  });

  it('pins every version', () => {
    for (const [name, value] of [...defaults].filter(([name]) => name.endsWith('_IMAGE')))
      expect([name, value]).toEqual([name, expect.stringMatching(/:v?\d+\.\d+\.?\d*[a-z0-9.-]*$/)]);
    for (const [name, { image }] of containers) expect([name, image]).toEqual([name, expect.stringMatching(/^\$\{(IMAGE|[A-Z]+_IMAGE):-/)]);
    for (const name of ['NODE_IMAGE', 'POSTGRES_IMAGE'])
      expect([name, defaults.get(name)]).toEqual([name, new RegExp(`^ARG ${name}=(.*)$`, 'm').exec(dockerfile)?.[1]]);
  });
});

describe('release.sh', () => {
  const script = readText('deploy/compose/release.sh');

  it('starts everything that trades beside what runs, the journal first', () => {
    const [, parts = ''] = /^parts="([^"]*)"$/m.exec(script) ?? [];
    expect(parts.split(' ').sort()).toEqual([...TRADING].sort());
    expect(parts).toMatch(/^journal /);
    const [, servers = ''] = /^servers="([^"]*)"$/m.exec(script) ?? [];
    expect(servers.split(' ').sort()).toEqual(
      inNoProfile()
        .filter((name) => ![...SERVICES, ...ONE_SHOTS, 'simulator'].includes(name))
        .sort(),
    );
  });

  it('asks for what a process says of itself', () => {
    const facts = [...script.matchAll(/"(differsFrom|standsBy)"/g)].map(([, fact]) => fact as string);
    expect(new Set(facts)).toEqual(new Set(['differsFrom', 'standsBy']));
    expect(readText('libs/shared/src/hosting/run-service.ts')).toContain('{ differsFrom }');
    expect(readText('services/journal/src/host-journal.ts')).toContain('{ standsBy: ');
  });
});

describe('.env.example', () => {
  const explained = new Map(
    [...example.matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name as string, value as string]),
  );
  const builtIn = ['COMPOSE_PROFILES'];
  const { settings, otherVariables } = describeConfig();
  const known = new Set([
    ...settings.flatMap(({ variable, fileVariable }) => [variable, fileVariable ?? variable]),
    ...Object.keys(otherVariables),
  ]);

  it('explains every variable that compose uses, with its default, and no other', () => {
    const ofCompose = [...explained].filter(([name]) => !builtIn.includes(name) && (!name.startsWith('ARB_') || defaults.has(name)));
    expect(ofCompose.sort()).toEqual([...defaults].sort());
  });

  it('names only profiles that there are, and settings that the code knows', () => {
    for (const profile of (explained.get('COMPOSE_PROFILES') ?? '').split(',')) expect(inProfile(profile).length).toBeGreaterThan(0);
    expect([...explained.keys()].filter((name) => name.startsWith('ARB_') && !known.has(name))).toEqual([]);
  });

  it.each([
    ['.env.alerting.example', 6],
    ['.env.market-data.example', 4],
  ])('leaves to %s what only one service may know, every secret of it as a file', (file, least) => {
    const secret = settings
      .filter(({ fileVariable }) => fileVariable !== null)
      .flatMap(({ variable, fileVariable }) => [variable, fileVariable as string]);
    const named = [...readText(file).matchAll(/^#(ARB_[A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name as string, value as string]);
    expect(named.length).toBeGreaterThanOrEqual(least);
    for (const [name, value] of named as [string, string][]) {
      expect([name, known.has(name)]).toEqual([name, true]);
      expect([name, value.startsWith('/run/secrets/')]).toEqual([name, secret.includes(name)]);
    }
    expect([...explained.keys()].filter((name) => secret.includes(name))).toEqual([]);
  });

  it('is nothing that a container reads: .env is, and what is for one service alone', () => {
    const files = new Set(containers.flatMap(([, { env_file: list = [] }]) => list.map(({ path }) => path)));
    expect([...files].sort()).toEqual(['.env', '.env.alerting', '.env.market-data']);
    const readersOf = (file: string) =>
      containers
        .filter(([, { env_file: list = [] }]) => list.some(({ path }) => path === file))
        .map(([name]) => name)
        .sort();
    expect(readersOf('.env.alerting')).toEqual(['alerting', 'alerting-standby']);
    expect(readersOf('.env.market-data')).toEqual(['market-data', 'market-data-standby']);
    const mounts = containers.flatMap(([name, { volumes = [] }]) =>
      volumes.filter((mount) => typeof mount === 'string' && mount.includes(':/run/secrets')).map((mount) => [name, mount]),
    );
    expect(mounts.sort()).toEqual([
      ['alerting', './.secrets/alerting:/run/secrets:ro'],
      ['alerting-standby', './.secrets/alerting:/run/secrets:ro'],
      ['market-data', './.secrets/market-data:/run/secrets:ro'],
      ['market-data-standby', './.secrets/market-data:/run/secrets:ro'],
    ]);
    expect(containers.flatMap(([, { env_file: list = [] }]) => list.filter(({ required }) => required))).toEqual([]);
  });
});

describe('the image', () => {
  const letIn = readText('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

  it('holds every script that a container runs', () => {
    const scripts = containers
      .flatMap(([, { command = [], healthcheck }]) => [...command, ...(healthcheck?.test ?? [])])
      .filter((word) => /^deploy\/.*\.(mjs|sh)$/.test(word));
    const checked = /CMD \["bash", "\/app\/(.*?)"\]/.exec(dockerfile)?.[1] as string;
    for (const script of [...scripts, checked, 'deploy/compose/arb.sh', 'deploy/compose/client-of.sh']) {
      expect(existsSync(join(ROOT, script))).toBe(true);
      expect([script, letIn.some((path) => script === path || script.startsWith(`${path}/`))]).toEqual([script, true]);
    }
  });

  it('gives a process the young generation that is measured, whatever memory its container has', () => {
    const said = /^ENV .*\bNODE_OPTIONS=(\S+)/m.exec(dockerfile)?.[1] as string;
    const mostMb = (options: string) => {
      // What V8 makes of a container of 512 MB.
      const { stdout } = spawnSync(process.execPath, ['--max-heap-size=260', '-e', SURVIVING], {
        encoding: 'utf8',
        env: { NODE_OPTIONS: options },
      });
      return Number(stdout);
    };
    expect(mostMb('')).toBeLessThan(8);
    expect(mostMb(said)).toBeGreaterThanOrEqual(32);
  });

  it('is nobody by name, says what it is, and takes along only what runs', () => {
    expect(dockerfile.match(/^USER .*$/gm)).toEqual(['USER 1000:1000']);
    for (const label of ['title', 'description', 'version', 'revision', 'created'])
      expect(dockerfile).toContain(`org.opencontainers.image.${label}=`);
    expect(dockerfile).toMatch(/npm ci .*--omit=dev/);
    expect(letIn.filter((path) => path.includes('.env'))).toEqual([]);
  });
});
