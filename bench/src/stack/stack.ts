import { randomBytes } from 'node:crypto';
import { configHash, loadConfig } from '@arb/shared/config';
import { CORE_SERVICES, type CoreServiceName, type ServiceName } from '@arb/shared/contracts';
import { CORE_VERSIONS, type SessionConfig } from '@arb/shared/core';
import { openJournalReader, type PostgresJournalReader } from '@arb/shared/journal';
import { COINS, VENUES } from '../books.ts';
import { EMPTY_VERSION } from '../empty/cores.ts';
import type { Heard } from '../processes/arrivals.ts';
import type { CoreSettings } from '../processes/core-service.ts';
import type { GeneratorSettings, Said, Say } from '../processes/generator.ts';
import type { Place } from '../processes/host.ts';
import type { RecorderSettings } from '../processes/recorder.ts';
import { type Child, startChild } from './child.ts';
import { type Servers, startServers } from './servers.ts';
import { usageByName } from './usage.ts';

export interface StackSettings {
  readonly cores: readonly CoreServiceName[];
  /** Those that think; the others are empty. */
  readonly real: readonly CoreServiceName[];
  readonly decideEvery: number;
  readonly answers: string | null;
  /** Notes when each l2, decision, verdict and order is heard. */
  readonly links?: boolean;
  /** What this measurement needs otherwise than paper trading has it. */
  readonly adjust?: (config: SessionConfig) => SessionConfig;
}

export interface Stack {
  readonly servers: Servers;
  readonly session: string;
  readonly journal: PostgresJournalReader;
  readonly children: Map<string, Child>;
  say(what: Say): Promise<Said>;
  /** When books were said, and what was heard of `links`. */
  arrivals(): Promise<Heard>;
  /** Starts one more replica of a core service, under a name of its own. */
  startCore(service: CoreServiceName, replica: number): Promise<Child>;
  /** Waits until all that is in the stream is in the journal, and returns the last position. */
  journaled(): Promise<number>;
  /** Processor time so far and memory now, by process. */
  usage(): ReturnType<typeof usageByName>;
  stop(): Promise<void>;
}

const LIVE_MS = 30_000;
const STREAM_BYTES = 8 * 1024 ** 3;

export function sessionConfig(): SessionConfig {
  const { session } = loadConfig({ environment: 'paper', env: {} });
  return {
    ...session,
    market: { ...session.market, source: 'simulated', coins: COINS, venues: VENUES },
    journal: { ...session.journal, streamMaxBytes: STREAM_BYTES },
  };
}

/** The whole path on private servers: market-data that says what it is told, the core services asked for, the journal. */
export async function startStack(settings: StackSettings): Promise<Stack> {
  const servers = await startServers();
  const session = `bench-${randomBytes(4).toString('hex')}`;
  const config = settings.adjust === undefined ? sessionConfig() : settings.adjust(sessionConfig());
  const versions = Object.fromEntries(
    CORE_SERVICES.map((service) => [service, settings.real.includes(service) ? CORE_VERSIONS[service] : EMPTY_VERSION]),
  );
  const place = (service: ServiceName, replica = 0): Place => ({
    nats: servers.nats,
    password: servers.passwords[service],
    postgres: servers.postgres,
    replica,
  });
  const children = new Map<string, Child>();
  const start = async (name: string, file: string, what: unknown): Promise<Child> => {
    const child = await startChild(name, file, what);
    children.set(name, child);
    return child;
  };
  const recorder = await start('journal', 'recorder', {
    ...place('journal'),
    session,
    config,
    configHash: configHash(config),
    versions,
  } satisfies RecorderSettings);
  const startCore = (service: CoreServiceName, replica: number): Promise<Child> =>
    start(replica === 0 ? service : `${service}-${replica}`, 'core-service', {
      ...place(service, replica),
      service,
      real: settings.real.includes(service),
      decideEvery: settings.decideEvery,
    } satisfies CoreSettings);
  for (const service of settings.cores) await startCore(service, 0);
  const generator = await start('market-data', 'generator', {
    ...place('market-data'),
    answers: settings.answers,
    links: settings.links === true,
  } satisfies GeneratorSettings);
  const journal = openJournalReader(servers.postgres);

  const stack: Stack = {
    servers,
    session,
    journal,
    children,
    say: (what) => generator.ask<Said>('say', what),
    arrivals: () => generator.ask<Heard>('arrivals'),
    startCore,
    async journaled() {
      // What is under way still lands in the stream within this time; the recorder then says where it stands.
      await pause(300);
      const target = (await recorder.ask<{ position: number }>('status')).position;
      await until(`position ${target} journaled`, async () => (await journal.head(session)) >= target, 60_000);
      return target;
    },
    usage: () => usageByName(new Map([...children.values()].map((child) => [child.pid, child.name]))),
    async stop() {
      await journal.close();
      for (const child of [...children.values()].reverse()) await child.stop();
      await servers.stop();
    },
  };
  await until('every service live', async () => {
    for (const child of children.values()) if (!(await isLive(child))) return false;
    return generator.ask<boolean>('ready');
  });
  return stack;
}

async function isLive(child: Child): Promise<boolean> {
  const status = await child.ask<{ live: boolean } | null>('status');
  return status?.live === true;
}

export async function until(what: string, condition: () => Promise<boolean>, mostMs = LIVE_MS): Promise<void> {
  const last = performance.now() + mostMs;
  while (!(await condition())) {
    if (performance.now() > last) throw new Error(`expected ${what} within ${mostMs} ms`);
    await pause(10);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
