import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
// @ts-expect-error: plain JavaScript, because people run it as it is
import { changelogOf, goesOut } from '../../deploy/release.mjs';
import { readJson, readText, repositoryFiles, rootManifest } from '../packages.ts';

describe('a release', () => {
  it('holds what runs, and nothing of how it came about', () => {
    const out = repositoryFiles.filter((file) => goesOut(file));
    for (const file of [
      'package-lock.json',
      'cli/arb.js',
      'config/paper.yaml',
      'libs/shared/migrations/0001_journal.sql',
      'bootstrap/servers.mjs',
      'deploy/systemd/notify.mjs',
      'services/risk/package.json',
    ])
      expect(out).toContain(file);
    expect(out.filter((file) => /\/src\/|\.spec\.|tsconfig|^proofs\/src|^workspace|^\.github|jest\.config|biome/.test(file))).toEqual([]);
  });

  it('tells each change in its author’s words, and merges not at all', () => {
    expect(changelogOf('1.1.0', 'v1.0.0', ['Weigh every entry', "Merge branch 'x'", ''])).toBe(
      '# 1.1.0\n\nChanges since v1.0.0.\n\n- Weigh every entry\n',
    );
    expect(changelogOf('1.0.0', null, ['Begin'])).toContain('The first release.');
  });
});

describe('the workflows', () => {
  const scripts = Object.keys(readJson<{ scripts: Record<string, string> }>('package.json').scripts);
  interface Workflow {
    readonly permissions: object;
    readonly jobs: Readonly<
      Record<string, { readonly 'timeout-minutes'?: number; readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>
    >;
  }

  it.each(['check', 'release'])('%s runs scripts that there are, with an end, with no more rights than it needs', (name) => {
    const { permissions, jobs } = parse(readText(`.github/workflows/${name}.yml`)) as Workflow;
    expect(Object.keys(permissions)).toContain('contents');
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = '' }) => run.split('\n')));
    for (const [, script] of runs.join('\n').matchAll(/npm run ([a-z]+)/g)) expect(scripts).toContain(script);
    for (const [file] of runs.join('\n').matchAll(/deploy\/[\w/.-]+\.(sh|mjs)/g)) expect(repositoryFiles).toContain(file);
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    for (const uses of Object.values(jobs).flatMap(({ steps }) => steps.flatMap((step) => step.uses ?? []))) expect(uses).toMatch(/@v\d+$/);
    expect(rootManifest.name).toBe('arbitrage-lite');
  });

  it('give out every file that the checksums name', () => {
    const said = readText('.github/workflows/release.yml');
    for (const file of ['release/*.tar.gz', 'release/CHANGELOG-*.md', 'release/SHA256SUMS'])
      expect(/gh release create .*/.exec(said)?.[0].split('--notes-file')[0]).toContain(file);
  });
});
