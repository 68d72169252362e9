import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CORE_SERVICES, SERVICES } from '@arb/shared/contracts';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ROOT, readText } from '../packages.ts';
import { asStarted, type Environment } from './as-started.ts';
import { handed } from './handed.ts';

const FOLDER = 'deploy/systemd';
const CHECKOUT = '/opt/arbitrage-lite/';
const units = readdirSync(join(ROOT, FOLDER, 'units')).filter((name) => name.endsWith('.service'));
const STANDBYS = CORE_SERVICES.map((name) => `${name}-standby`);

/** Every value of a key, in order. */
function valuesOf(unit: string, key: string): readonly string[] {
  return [...readText(`${FOLDER}/units/${unit}`).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value as string);
}

function fileEnvironment(file: string): Environment {
  const lines = readText(file)
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** What systemd would give an instance of a template. */
function environmentOf(unit: string, instance: string): Environment {
  const filled = (text: string) =>
    text
      .replaceAll('%i', instance)
      .replaceAll('%p', unit.replace(/@?\.service$/, ''))
      .replaceAll('%d', '/secrets');
  const files = valuesOf(unit, 'EnvironmentFile').map((path) => filled(path).replace(CHECKOUT, '').replace('/etc/arbitrage-lite', FOLDER));
  const inline = valuesOf(unit, 'Environment')
    .flatMap((text) => filled(text).split(' '))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return Object.assign({}, ...files.map(fileEnvironment), Object.fromEntries(inline));
}

describe('the units', () => {
  it.each([
    ...SERVICES.map((name) => ['arb@.service', name, 0] as const),
    ...CORE_SERVICES.map((name) => ['arb-standby@.service', name, 1] as const),
  ])('%s of %s: the code understands all of its environment', (unit, name, replica) => {
    const files = { 'redis-url': 'redis://127.0.0.1:6379\n', ...handed[name] };
    const { infrastructure } = asStarted(environmentOf(unit, name), files);
    expect(infrastructure).toMatchObject({
      natsUser: name,
      httpHost: '127.0.0.1',
      replica,
      standby: replica > 0,
      natsPassword: handed[name]?.['nats-password'],
    });
    for (const credential of valuesOf(unit, 'LoadCredential')) {
      const [file, path] = credential.replaceAll('%i', name).split(':') as [string, string];
      expect(path).toBe(`/etc/arbitrage-lite/secrets/for/${name}/${file}`);
      expect(Object.keys(files)).toContain(file);
    }
  });

  it('give every process a port of its own', () => {
    const names = [...SERVICES, ...STANDBYS, 'simulator'];
    expect(readdirSync(join(ROOT, FOLDER, 'instances')).sort()).toEqual(names.map((name) => `${name}.env`).sort());
    const ports = names.map((name) => fileEnvironment(`${FOLDER}/instances/${name}.env`).ARB_HTTP_PORT);
    expect(new Set(ports).size).toBe(names.length);
    const simulator = asStarted(environmentOf('arb-simulator.service', ''), {});
    expect(new URL(simulator.infrastructure.simulatorUrl).port).toBe(String(simulator.infrastructure.httpPort));
  });

  it('start all services by one target, the journal first', () => {
    const wanted = readText(`${FOLDER}/units/arbitrage-lite.target`);
    for (const name of SERVICES) expect(wanted).toContain(`arb@${name}.service`);
    const before = readText(`${FOLDER}/units/arb@journal.service.d/first.conf`);
    for (const name of SERVICES.filter((one) => one !== 'journal')) expect(before).toContain(`arb@${name}.service`);
  });

  it('run programs that there are, from where they are installed', () => {
    for (const unit of units)
      for (const [path] of valuesOf(unit, 'ExecStart')
        .join(' ')
        .matchAll(/(deploy|services|simulator)\/[\w%/.-]+\.m?js/g))
        for (const name of path.includes('%i') ? SERVICES : [''])
          expect(existsSync(join(ROOT, path.replace('%i', name).replace(/\/dist\/(.*)\.js$/, '/src/$1.ts')))).toBe(true);
  });

  it.each(units)('%s is confined, limited, and comes back', (unit) => {
    for (const key of [
      'DynamicUser',
      'NoNewPrivileges',
      'PrivateTmp',
      'PrivateDevices',
      'ProtectHome',
      'RestrictNamespaces',
      'LockPersonality',
    ])
      expect([key, valuesOf(unit, key)]).toEqual([key, ['yes']]);
    expect(valuesOf(unit, 'ProtectSystem')).toEqual(['strict']);
    expect(valuesOf(unit, 'CapabilityBoundingSet')).toEqual(['']);
    expect(valuesOf(unit, 'MemoryMax')).toHaveLength(1);
    expect(valuesOf(unit, 'Restart')).toHaveLength(1);
    expect(valuesOf(unit, 'PartOf')).toEqual(['arbitrage-lite.target']);
  });

  it('watch every process of this repository, and leave a wrong configuration to people', () => {
    for (const unit of ['arb@.service', 'arb-standby@.service', 'arb-simulator.service']) {
      expect(valuesOf(unit, 'Type')).toEqual(['notify']);
      expect(Number(valuesOf(unit, 'WatchdogSec')[0])).toBeGreaterThan(0);
      expect(valuesOf(unit, 'ExecStart')[0]).toContain('--import /opt/arbitrage-lite/deploy/systemd/notify.mjs');
      expect(valuesOf(unit, 'RestartPreventExitStatus')).toEqual(['78']);
      // As the image has it, where V8 would else make of the unit's limit a smaller one.
      expect(valuesOf(unit, 'Environment').join(' ')).toContain(/NODE_OPTIONS=\S+/.exec(readText('Dockerfile'))?.[0]);
    }
  });
});

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
/** Every unit, and of each template every instance that is started. */
const started = [
  ...units.flatMap((name) => {
    if (!name.includes('@')) return [name];
    return (name.startsWith('arb-standby@') ? CORE_SERVICES : SERVICES).map((instance) => name.replace('@', `@${instance}`));
  }),
  'arbitrage-lite.target',
];

/** What systemd has against these units, but for programs that this machine has not installed. */
function verified(folder: string): readonly string[] {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...started], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:`, LC_ALL: 'C' },
  });
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  const faults = said.filter((line) => !/Command .* is not executable: No such file or directory$/.test(line));
  return status === 0 || faults.length < said.length ? faults : [...faults, `exit code ${status}`];
}

(analyze ? describe : describe.skip)(
  `systemd itself${analyze ? '' : ' (not asked: there is no systemd-analyze here; Debian: apt-get install systemd)'}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'arb-units-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    it('understands every line of the units, and has nothing against them', () => {
      cpSync(join(ROOT, FOLDER, 'units'), folder, { recursive: true });
      expect(verified(folder)).toEqual([]);
    });

    it('would say so if it did not', () => {
      const path = join(folder, 'arb@.service');
      writeFileSync(path, readFileSync(path, 'utf8').replace('NoNewPrivileges=yes', 'NoNewPrivilege=yes'));
      expect(verified(folder).join('\n')).toMatch(/arb@\.service:\d+: Unknown key.*'NoNewPrivilege'/);
    });
  },
);
