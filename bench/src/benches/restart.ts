import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bench, BenchOptions } from '../bench.ts';
import { median } from '../numbers.ts';
import type { CatchUp } from '../processes/host.ts';
import { atLeast, atMost, type Row, row } from '../row.ts';
import { type Child, startChild } from '../stack/child.ts';
import { pause, type Stack, sessionConfig, startStack, until } from '../stack/stack.ts';

/** Risk is the service as shipped, framework and all; the others are empty cores around it. */
export const restart: Bench = {
  name: 'restart',
  says: 'a killed service until it is ready again; how fast it catches up',
  byDefault: true,
  async run(options) {
    return [
      ...(await underLoad(options)),
      ...(await afterLongAbsence(options, 200, 'few outputs missing', atLeast(50_000))),
      ...(await afterLongAbsence(options, 1, 'an output missing for every third event')),
    ];
  },
};

const RATE = 1_000;

async function underLoad({ quick, say }: BenchOptions): Promise<readonly Row[]> {
  const rounds = quick ? 2 : 5;
  const { stack, start } = await stackWithRisk(1);
  let risk = await start();
  const times: number[] = [];
  const load = stack.say({ rate: RATE, seconds: quick ? 12 : 40, levels: 30, moving: false });
  await pause(2_000);
  for (let round = 0; round < rounds; round++) {
    await risk.kill9();
    const from = performance.now();
    risk = await start();
    times.push(performance.now() - from);
    say(`ready again after ${(times.at(-1) as number).toFixed(0)} ms`);
    await pause(quick ? 1_000 : 4_000);
  }
  await load;
  await risk.stop();
  await stack.stop();
  return [
    row('restart', 'killed to ready', median(times), 'ms', {
      must: atMost(2_000),
      note: `under ${RATE} books/s, start of Node.js included; worst ${Math.max(...times).toFixed(0)} ms`,
    }),
  ];
}

/** Down until much was recorded without it, then started: the real core, without the framework around it. */
async function afterLongAbsence(
  { quick, say }: BenchOptions,
  decideEvery: number,
  what: string,
  must?: Row['must'] & object,
): Promise<readonly Row[]> {
  const events = quick ? 30_000 : 300_000;
  const stack = await startStack({ cores: CORES, real: ['risk'], decideEvery, answers: null });
  await (await stack.startCore('risk', 0)).kill9();
  const rate = quick ? 2_000 : 4_000;
  const perBook = decideEvery === 1 ? 3 : 2;
  await stack.say({ rate, seconds: Math.ceil(events / perBook / rate) + 1, levels: 30, moving: false });
  await stack.journaled();
  const risk = await stack.startCore('risk', 0);
  let found: CatchUp | null = null;
  await until(
    'risk live',
    async () => {
      found = await risk.ask<CatchUp>('catchUp');
      return found.live;
    },
    120_000,
  );
  const { at, from, now, cpuSeconds, position } = found as unknown as CatchUp;
  const seconds = (now - (at ?? Number.NaN)) / 1_000;
  say(`${position - from} events in ${seconds.toFixed(2)} s (${what})`);
  await stack.stop();
  return [
    row('restart', `catch-up, ${what}`, (position - from) / seconds, 'events/s', {
      ...(must === undefined ? {} : { must }),
      note: `${position - from} events in ${seconds.toFixed(2)} s, ${Math.round((position - from) / cpuSeconds)} a second of its processor time`,
    }),
  ];
}

const CORES = ['aggregator', 'strategy', 'executor'] as const;

async function stackWithRisk(decideEvery: number): Promise<{ readonly stack: Stack; readonly start: () => Promise<Child> }> {
  const stack = await startStack({ cores: CORES, real: ['risk'], decideEvery, answers: null });
  const port = await freePort();
  const env = {
    ARB_NATS_URL: stack.servers.nats,
    ARB_NATS_USER: 'risk',
    ARB_NATS_PASSWORD: stack.servers.passwords.risk,
    ARB_POSTGRES_URL: stack.servers.postgres,
    // A service joins only a session of its own configuration.
    ARB_CONFIG: configFile(),
    ARB_HTTP_PORT: String(port),
  };
  return {
    stack,
    async start() {
      const child = await startChild('risk', 'risk-main', {}, env);
      await until('risk ready', () => isReady(port), 120_000);
      return child;
    },
  };
}

function configFile(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'bench-config-')), 'session.yaml');
  process.once('exit', () => rmSync(dirname(path), { recursive: true, force: true }));
  writeFileSync(path, JSON.stringify(sessionConfig()));
  return path;
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}
