import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CORES } from '@arb/cli';
import { CORE_SERVICES, type CoreServiceName, type Writer } from '@arb/shared/contracts';
import type { MakeCore } from '@arb/shared/core';
import { TEST_CONFIG } from '@arb/shared/core/testing';
import { realTime } from '@arb/shared/hosting';
import { openJournalReader } from '@arb/shared/journal';
import { natsBus, natsConfig, SHADOW, startNatsServer } from '@arb/shared/nats';
import { verifySession } from '@arb/shared/replay';
import { RUNTIME_DEFAULTS } from '@arb/shared/runtime';
import { ShadowHost } from '@arb/shared/shadow';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { openSmallStack, type SmallStack } from '../resume/small-stack.ts';
import { CHECKOUT } from '../stack/live-stack.ts';
import { until } from '../stack/until.ts';

jest.setTimeout(240_000);

const WITHIN_MS = 90_000;
const DEAR_BPS = 100;
const OUTPUTS = 2_000;
const folder = mkdtempSync(join(tmpdir(), 'arb-shadow-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A core as its source has it, but for one number. */
async function withOneNumberChanged(service: CoreServiceName, file: string, from: string, to: string): Promise<MakeCore> {
  cpSync(join(CHECKOUT, 'services', service, 'src', 'core'), join(folder, service), { recursive: true });
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  const path = join(folder, service, file);
  const source = readFileSync(path, 'utf8');
  expect(source.split(from)).toHaveLength(2);
  writeFileSync(path, source.replace(from, to));
  const made = (await import(pathToFileURL(join(folder, service, 'index.ts')).href)) as { readonly make: MakeCore };
  return made.make;
}

const password = (name: string): string => `password-of-${name}-0123456789`;

interface Logged {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

describe('a core of a new version beside a running stack', () => {
  let stack: SmallStack;
  let shadows: { readonly host: ShadowHost; readonly logged: Logged[]; readonly close: () => Promise<void> }[] = [];
  afterEach(async () => {
    for (const { close } of shadows) await close();
    shadows = [];
    await stack?.close();
  });

  async function openStack(): Promise<string> {
    const nats = await startNatsServer({
      config: ({ port, storeDir }) =>
        natsConfig({
          port,
          storeDir,
          maxStore: 4e9,
          shadowPassword: password(SHADOW),
          passwords: new Proxy({} as Record<Writer, string>, { get: (_, name) => password(String(name)) }),
        }),
    });
    stack = await openSmallStack(
      { ...TEST_CONFIG, strategy: { ...TEST_CONFIG.strategy, cooldownMs: 200 } },
      { ...nats, replicas: 1, restart: async () => {}, passwordOf: password },
    );
    const { id } = await stack.start();
    for (const coin of TEST_CONFIG.market.coins) stack.market.gaps.set(coin, DEAR_BPS);
    return id;
  }

  function shadowOf(service: CoreServiceName, makeCore: MakeCore): ShadowHost {
    const logged: Logged[] = [];
    const journal = openJournalReader(stack.postgresUrl);
    const host = new ShadowHost({
      service,
      makeCore,
      bus: natsBus({ servers: stack.natsUrl, user: SHADOW, password: password(SHADOW), name: 'shadow' }),
      journal,
      time: realTime,
      log: (_, message, fields = {}) => void logged.push({ message, fields }),
      options: RUNTIME_DEFAULTS,
    });
    const over = host.start();
    const close = async (): Promise<void> => {
      await host.stop();
      await over;
      await journal.close();
    };
    shadows.push({ host, logged, close });
    return host;
  }

  const one = async (text: string, ...values: unknown[]): Promise<number> =>
    (await stack.facts.rows<{ n: number }>(`SELECT count(*)::int AS n FROM events ${text}`, values))[0]?.n ?? 0;

  async function proved(id: string): Promise<void> {
    const journal = openJournalReader(stack.postgresUrl);
    const row = await journal.session(id);
    const report = await verifySession(journal, row as NonNullable<typeof row>, { cores: CORES });
    await journal.close();
    expect(report.faults).toEqual([]);
    expect(report.otherVersions).toEqual([]);
  }

  it('of the same code answers as was recorded, thousands of times, from the beginning and from a snapshot', async () => {
    const id = await openStack();
    const early = CORE_SERVICES.map((service) => shadowOf(service, CORES[service]));
    await until('snapshots', WITHIN_MS, async () => {
      const [row] = await stack.facts.rows<{ n: number }>('SELECT count(DISTINCT service)::int AS n FROM snapshots WHERE session = $1', [
        id,
      ]);
      return row?.n === CORE_SERVICES.length ? true : null;
    });
    const late = CORE_SERVICES.map((service) => shadowOf(service, CORES[service]));
    const all = [...early, ...late];
    const sum = (hosts: readonly ShadowHost[]) => hosts.reduce((total, host) => total + host.totals().equal, 0);
    await until('outputs to be compared', WITHIN_MS, () => (sum(early) >= OUTPUTS && sum(late) >= OUTPUTS ? true : null));
    for (const host of all) {
      expect(host.status()).toMatchObject({ different: 0, first: null, failed: null });
      await until('it to be ready', WITHIN_MS, () => (host.unready() === null ? true : null));
    }
    const traded = ['aggregator', 'strategy', 'risk', 'executor'].map((name) => early[(CORE_SERVICES as readonly string[]).indexOf(name)]);
    for (const host of traded) expect(host?.totals().equal).toBeGreaterThan(0);
    expect(await one("WHERE source LIKE 'shadow%' OR NOT taken")).toBe(0);
    await stack.stop();
    await proved(id);
  });

  it('with one constant changed is told apart, first difference and all; nothing is published and the stack goes on unharmed', async () => {
    const id = await openStack();
    const host = shadowOf('strategy', await withOneNumberChanged('strategy', 'score.ts', 'DEAR_FEES_BPS = 40', 'DEAR_FEES_BPS = 30'));
    const tame = shadowOf('risk', CORES.risk);
    await until('differences', WITHIN_MS, () => (host.totals().different >= 20 ? true : null));
    expect(host.unready()).toMatch(new RegExp(`^\\d+ of \\d+ answers are not what was recorded, the first at ${id}:\\d+ on decision\\.`));
    expect(host.status()?.failed).toBeNull();
    const told = shadows[0]?.logged.filter(({ message }) => message === 'answers otherwise than was recorded') ?? [];
    expect(told).toHaveLength(1);
    expect(told[0]?.fields).toMatchObject({ session: id, position: expect.any(Number), subject: expect.stringMatching(/^decision\./) });
    expect(told[0]?.fields.expected).not.toEqual(told[0]?.fields.found);

    const fills = await one("WHERE type = 'fill' AND taken");
    await until('the stack to trade on', WITHIN_MS, async () => {
      for (const coin of TEST_CONFIG.market.coins) stack.market.gaps.set(coin, stack.market.gaps.get(coin) === 0 ? DEAR_BPS : 0);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return (await one("WHERE type = 'fill' AND taken")) > fills ? true : null;
    });
    expect(tame.totals().different).toBe(0);
    expect(await one("WHERE source LIKE 'shadow%' OR NOT taken")).toBe(0);
    expect((await stack.facts.sessions()).map((session) => session.id)).toEqual([id]);
    await stack.stop();
    await proved(id);
  });

  it('is not let publish by the server, whatever it says', async () => {
    await openStack();
    const nc = await connect({
      servers: stack.natsUrl,
      user: SHADOW,
      pass: password(SHADOW),
      reconnect: false,
      inboxPrefix: `_INBOX_${SHADOW}`,
    });
    const refused = (async () => {
      for await (const { type, error } of nc.status() as AsyncIterable<{ type: string; error?: Error }>)
        if (type === 'error') return error?.message;
      return null;
    })();
    nc.publish('ev._.a.s.r._._.d.decision.BTC', '{}');
    await nc.flush();
    expect(await refused).toMatch(/permissions violation.*decision/i);
    await nc.close();
  });
});
