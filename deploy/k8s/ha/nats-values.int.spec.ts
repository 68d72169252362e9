import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { passwords } from '../../../workspace/deploy/handed.ts';
// @ts-expect-error: plain JavaScript, because people run it as it is
import { secretsOf } from '../secrets.mjs';

interface Values {
  readonly config: {
    readonly merge: Readonly<Record<string, unknown>>;
    readonly jetstream: {
      readonly fileStore: { readonly pvc: { readonly size: string } };
      readonly memoryStore: { readonly maxSize: string };
    };
    readonly cluster: { readonly replicas: number };
    readonly monitor: { readonly port: number };
  };
  readonly container: { readonly merge: Confined; readonly patch: readonly { readonly value: { readonly mountPath: string } }[] };
  readonly reloader: { readonly merge: Confined };
  readonly podTemplate: {
    readonly merge: { readonly metadata: { readonly labels: object }; readonly spec: { readonly securityContext: object } };
    readonly patch: readonly {
      readonly value: { readonly secret: { readonly secretName: string; readonly items: readonly { key: string; path: string }[] } };
    }[];
  };
}
interface Confined {
  readonly securityContext: object;
  readonly resources: { readonly limits: object };
}

const values = parse(readFileSync(new URL('nats-values.yaml', import.meta.url), 'utf8')) as Values;
const made = secretsOf(passwords) as readonly { metadata: { name: string }; stringData: Readonly<Record<string, string>> }[];

/** What the chart writes into /etc/nats-config/nats.conf: its own settings, merged with ours, and its two rules for what JSON cannot say. */
function chartConfig({ config }: Values): string {
  const settings = {
    server_name: 'nats-0',
    port: 4222,
    http_port: config.monitor.port,
    cluster: { name: 'nats', port: 6222, no_advertise: true, routes: ['nats://nats-0.nats-headless:6222'] },
    jetstream: {
      max_memory_store: `<< ${config.jetstream.memoryStore.maxSize} >>`,
      max_file_store: `<< ${config.jetstream.fileStore.pvc.size} >>`,
      store_dir: '/data',
    },
    ...config.merge,
  };
  return JSON.stringify(settings, null, 2)
    .replaceAll(/".*\$include": "(.*)",?/g, 'include $1;')
    .replaceAll(/"<<\s+(.*?)\s+>>"/g, '$1');
}

describe('NATS from its chart, with these values', () => {
  const root = mkdtempSync(join(tmpdir(), 'arb-chart-'));
  afterAll(() => rmSync(root, { recursive: true }));

  /** The server's own look at a configuration, with every file where the pod has it. */
  function looked(text: string): { readonly status: number | null; readonly said: string } {
    const [mount] = values.container.patch;
    const [volume] = values.podTemplate.patch;
    const { secretName, items } = volume?.value.secret ?? { secretName: '', items: [] };
    const folders = { own: join(root, 'etc/nats-config'), secret: join(root, mount?.value.mountPath ?? '') };
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
    const files = made.find(({ metadata }) => metadata.name === secretName)?.stringData ?? {};
    for (const { key, path } of items) writeFileSync(join(folders.secret, path), files[key] as string);
    writeFileSync(join(folders.own, 'nats.conf'), text);
    const { status, stderr } = spawnSync('nats-server', ['-t', '-c', join(folders.own, 'nats.conf')], { encoding: 'utf8' });
    return { status, said: stderr };
  }

  it('starts: the server finds our users and understands every setting', () => {
    expect(looked(chartConfig(values))).toEqual({ status: 0, said: expect.stringContaining('is valid') });
  });

  it('would not start with a user’s file that is not where it looks', () => {
    const merge = { ...values.config.merge, $include: '/etc/arb/accounts.conf' };
    expect(looked(chartConfig({ ...values, config: { ...values.config, merge } })).said).toContain('no such file');
  });

  it('is let into a namespace that lets nobody in who might be root', () => {
    expect(values.podTemplate.merge.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext, resources } of [values.container.merge, values.reloader.merge]) {
      expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      expect(Object.keys(resources.limits)).toEqual(['cpu', 'memory']);
    }
    expect(values.podTemplate.merge.metadata.labels).toEqual({ 'arbitrage-lite/server': 'nats' });
  });
});
