import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { CORES } from '@arb/cli';
import { RECORD_DEFAULTS, type RecordDeps, SessionKeeper } from '@arb/journal';
import { CATALOG, CORE_SERVICES, encodeEvent, type ServiceName, subjectOf } from '@arb/shared/contracts';
import { CORE_VERSIONS, type SessionConfig } from '@arb/shared/core';
import { newBoot, realTime } from '@arb/shared/hosting';
import { migrate, openJournalReader, openJournalStore, startPostgres } from '@arb/shared/journal';
import { type NatsServer, natsBus, startNatsServer } from '@arb/shared/nats';
import { type Log, NO_PROBE, RUNTIME_DEFAULTS, ServiceHost, type Shell } from '@arb/shared/runtime';
import { type JournalFacts, openFacts, type SessionFacts } from '../checks/journal.ts';
import { until } from '../stack/until.ts';
import { type ScriptedMarket, scriptedMarket } from './scripted-market.ts';

const WITHIN_MS = 60_000;
const SNAPSHOT_MS = 300;

export interface StartWishes {
  readonly config?: SessionConfig;
  readonly clean?: boolean;
}

/** Journal, five real cores and a scripted market in this process, on a NATS and a Postgres server of their own. */
export interface SmallStack {
  readonly natsUrl: string;
  readonly postgresUrl: string;
  readonly market: ScriptedMarket;
  readonly facts: JournalFacts;
  /** All that the services have logged, one line each. */
  readonly log: readonly string[];
  /** Resolves with the session once everybody takes part in it. */
  start(wishes?: StartWishes): Promise<SessionFacts>;
  /** In order, as Ctrl-C. */
  stop(): Promise<void>;
  /**
   * SIGKILL to both servers at one moment: nothing that the services do from then on is seen by anybody. Only the database
   * is back when it resolves.
   */
  crash(options?: { readonly withoutStream?: boolean }): Promise<void>;
  command(session: string, what: string, target?: string): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  readonly hosts: readonly ServiceHost[];
  readonly keeper: SessionKeeper;
  readonly over: readonly Promise<unknown>[];
  readonly closing: readonly (() => Promise<void>)[];
}

/** The bus that a small stack runs on, when it is not to start one server of its own. */
export interface Servers extends Pick<NatsServer, 'url' | 'restart' | 'kill9' | 'stop'> {
  readonly replicas: number;
  /** Where its server knows users: their passwords. */
  readonly passwordOf?: (user: string) => string;
}

export async function openSmallStack(given: SessionConfig, servers: Servers | null = null): Promise<SmallStack> {
  let storeDir = '';
  const nats =
    servers ??
    (await startNatsServer({
      config: (place) => {
        storeDir = place.storeDir;
        return `host: "${place.host}"\nport: ${place.port}\njetstream { store_dir: ${JSON.stringify(place.storeDir)} }\n`;
      },
    }));
  const postgres = await startPostgres();
  await migrate(postgres.url);
  const market = scriptedMarket(given.market.coins);
  const log: string[] = [];
  let facts = await openFacts(postgres.url);
  let running: Running | null = null;
  let sessions = 0;

  const loginOf = (user: string) => (servers?.passwordOf === undefined ? {} : { user, password: servers.passwordOf(user) });

  const logOf =
    (service: string): Log =>
    (level, message, fields) => {
      if (level !== 'debug') log.push(`${service}: ${message} ${fields === undefined ? '' : JSON.stringify(fields)}`);
    };

  function begin({ config = given, clean = false }: StartWishes): Running {
    const configHash = createHash('sha256').update(JSON.stringify(config)).digest('hex');
    const busOf = (service: string) => natsBus({ servers: nats.url, name: service, ...loginOf(service) });
    const closing: (() => Promise<void>)[] = [];
    const deps: RecordDeps = {
      boot: newBoot(),
      bus: natsBus({ servers: nats.url, name: 'journal', ...loginOf('journal'), admin: true, replicas: servers?.replicas ?? 1 }),
      openStore: () => openJournalStore(postgres.url),
      time: realTime,
      options: { ...RECORD_DEFAULTS, ...config.journal },
      probe: NO_PROBE,
      log: logOf('journal'),
      rssMb: () => 1,
      pid: process.pid,
    };
    const keeper = new SessionKeeper(deps, {
      config,
      configHash,
      seed: config.market.seed,
      versions: CORE_VERSIONS,
      clean,
      newSessionId: () => `small-${++sessions}`,
    });
    const hostOf = (service: ServiceName, makeShell: (() => Shell) | null): ServiceHost => {
      const journal = openJournalReader(postgres.url);
      closing.push(() => journal.close());
      return new ServiceHost({
        service,
        newBoot,
        configHash,
        makeCore: service === 'market-data' ? null : CORES[service as keyof typeof CORES],
        makeShell,
        time: realTime,
        bus: busOf(service),
        journal,
        options: { ...RUNTIME_DEFAULTS, snapshotEveryMs: SNAPSHOT_MS },
        probe: NO_PROBE,
        log: logOf(service),
        rssMb: () => 1,
        pid: process.pid,
      });
    };
    const hosts = [hostOf('market-data', market.shell), ...CORE_SERVICES.map((service) => hostOf(service, null))];
    // What still runs when its servers are killed ends with an error, as it should.
    const end = (error: Error): void => void log.push(`ended: ${error.message}`);
    return { hosts, keeper, closing, over: [keeper.run().catch(end), ...hosts.map((host) => host.start().catch(end))] };
  }

  async function end(): Promise<void> {
    if (running === null) return;
    const { hosts, keeper, over, closing } = running;
    running = null;
    await Promise.allSettled(hosts.map((host) => host.stop()));
    await keeper.stop();
    await Promise.all(over);
    await Promise.allSettled(closing.map((close) => close()));
  }

  return {
    natsUrl: nats.url,
    postgresUrl: postgres.url,
    market,
    get facts() {
      return facts;
    },
    log,
    async start(wishes = {}) {
      await nats.restart();
      const left = wishes.clean === true ? (await facts.sessions()).at(-1)?.id : null;
      running = begin(wishes);
      const { hosts } = running;
      return until('everybody to take part', WITHIN_MS, async () => {
        const present = (await facts.sessions()).at(-1);
        // All take part in the session before this one for a moment, when that is to be left behind.
        if (present?.status !== 'live' || present.id === left) return null;
        return hosts.every((host) => host.status()?.live === true && host.status()?.session === present.id) ? present : null;
      });
    },
    stop: end,
    async crash({ withoutStream = false } = {}) {
      await Promise.all([nats.kill9(), postgres.kill9()]);
      await facts.close().catch(() => {}); // its connection went with the server just killed; what counts is read from a new one below
      await end();
      if (withoutStream) rmSync(storeDir, { recursive: true, force: true });
      await postgres.restart();
      facts = await openFacts(postgres.url);
    },
    async command(session, what, target) {
      const link = await natsBus({ servers: nats.url, name: 'cli', ...loginOf('cli') }).connect();
      const boot = newBoot();
      const header = {
        n: 1,
        source: `cli/${boot}`,
        session,
        type: 'command',
        v: CATALOG.command.v,
        at: Date.now() * 1_000,
        cause: null,
      } as const;
      const data = { id: boot, by: 'test', why: 'test', ...(target === undefined ? {} : { target }) };
      link.publish(subjectOf('command', what), Buffer.from(encodeEvent(header, data)));
      await link.close();
    },
    async close() {
      await end();
      await facts.close();
      await nats.stop();
      await postgres.stop();
    },
  };
}
