import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ROOT } from '../packages.ts';
import { handed } from './handed.ts';

/** `arb` as it is started in a container, and on a machine where the units run. */
describe('arb where a deployment runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'arb-script-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'cli'));
  mkdirSync(join(folder, 'deploy/compose'), { recursive: true });
  writeFileSync(join(folder, 'cli/arb.js'), 'console.log(JSON.stringify({ words: process.argv.slice(2), env: process.env }))');
  writeFileSync(join(folder, 'deploy/compose/arb.sh'), `exec sh ${join(ROOT, 'deploy/compose/arb.sh')} "$@"`);
  for (const receiver of ['cli', 'backup']) {
    mkdirSync(join(folder, 'secrets/for', receiver), { recursive: true });
    for (const [name, text] of Object.entries(handed[receiver] ?? {})) writeFileSync(join(folder, 'secrets/for', receiver, name), text);
  }
  writeFileSync(join(folder, 'settings.env'), 'ARB_ENV=paper\nARB_NATS_URL=nats://127.0.0.1:4222\n');

  function started(script: string, words: readonly string[], env: Readonly<Record<string, string>>) {
    const { stdout, stderr } = spawnSync('sh', [join(ROOT, script), ...words], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ARB_CHECKOUT: folder, ...env },
    });
    return JSON.parse(stdout === '' ? `"${stderr}"` : stdout) as { words: string[]; env: Readonly<Record<string, string>> };
  }

  it('has the password that its user needs to give a command', () => {
    const own = join(folder, 'secrets/for/cli');
    const { words, env } = started('deploy/compose/arb.sh', ['go-on', '--why', 'two words'], {
      ARB_NATS_PASSWORD_FILE: join(own, 'nats-password'),
      ARB_POSTGRES_URL_FILE: join(own, 'postgres-url'),
      ARB_REDIS_URL: '',
      ARB_REDIS_URL_FILE: join(own, 'redis-url'),
    });
    expect(words).toEqual(['go-on', '--why', 'two words']);
    expect(env).toMatchObject({
      ARB_NATS_PASSWORD: handed.cli?.['nats-password'],
      ARB_POSTGRES_URL: handed.cli?.['postgres-url']?.trim(),
      ARB_REDIS_URL: handed.cli?.['redis-url']?.trim(),
    });
    // Both at once would be refused.
    expect(Object.keys(env).filter((name) => name.endsWith('_FILE'))).toEqual([]);
  });

  it('leaves alone what is said outright', () => {
    const { env } = started('deploy/compose/arb.sh', [], { ARB_POSTGRES_URL: 'postgres://x/y', ARB_POSTGRES_URL_FILE: '/nowhere' });
    expect(env.ARB_POSTGRES_URL).toBe('postgres://x/y');
  });

  it('knows the servers of the units, and is the journal’s owner only for a backup', () => {
    const login = (word: string) =>
      new URL(started('deploy/systemd/arb.sh', [word], { ARB_ETC: folder }).env.ARB_POSTGRES_URL as string).username;
    expect([login('go-on'), login('verify'), login('backup'), login('restore')]).toEqual(['arb_viewer', 'arb_viewer', 'arb', 'arb']);
    expect(started('deploy/systemd/arb.sh', ['go-on'], { ARB_ETC: folder }).env).toMatchObject({
      ARB_NATS_URL: 'nats://127.0.0.1:4222',
      ARB_NATS_USER: 'cli',
      ARB_NATS_PASSWORD: handed.cli?.['nats-password'],
    });
  });
});
