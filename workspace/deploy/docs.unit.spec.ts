import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeConfig } from '@arb/shared/config';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ROOT, readJson, readText } from '../packages.ts';

const PAGES = ['docs/DEPLOYMENT.md', 'docs/TROUBLESHOOTING.md', 'deploy/compose/README.md'];
const { settings, otherVariables } = describeConfig();
const variables = new Set([
  ...settings.flatMap(({ variable, fileVariable }) => [variable, fileVariable ?? variable]),
  ...Object.keys(otherVariables),
  // Put together by the launch, not by the configuration.
  'ARB_HOME',
]);
const compose = parse(readText('docker-compose.yml'), { merge: true, maxAliasCount: -1 }) as {
  services: Readonly<Record<string, { readonly profiles?: readonly string[] }>>;
  volumes: object;
};

describe.each(PAGES)('%s', (page) => {
  const text = readText(page);
  const found = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name as string);

  it('names files and folders that there are', () => {
    const paths = found(/(?<![\w/-])((?:deploy|config|libs|cli|\.github)\/[\w@./-]*\w)/g);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names variables that the code knows', () => {
    expect(found(/\b(ARB_[A-Z]+(?:_[A-Z]+)*)\b(?!_)/g).filter((name) => !variables.has(name))).toEqual([]);
  });

  it('names scripts, profiles, volumes and containers that there are', () => {
    const { scripts } = readJson<{ scripts: object }>('package.json');
    for (const script of found(/npm run ([a-z]+)/g)) expect(Object.keys(scripts)).toContain(script);
    const profiles = new Set(Object.values(compose.services).flatMap(({ profiles: own = [] }) => own));
    for (const profile of found(/--profile ([a-z]+)/g)) expect([...profiles]).toContain(profile);
    for (const volume of found(/arbitrage-lite_([a-z]+)/g)) expect(Object.keys(compose.volumes)).toContain(volume);
    for (const name of found(/docker compose (?:run --rm|exec|up -d --wait|up -d --no-deps) ([a-z-]+)\b/g))
      expect(Object.keys(compose.services)).toContain(name);
  });

  it('names units that there are', () => {
    const units = readdirSync(join(ROOT, 'deploy/systemd/units'));
    for (const unit of found(/\b(arb(?:-[a-z]+)?)@[a-z]+/g)) expect(units).toContain(`${unit}@.service`);
  });
});
