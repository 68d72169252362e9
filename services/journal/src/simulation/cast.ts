import { createHash } from 'node:crypto';
import { CORE_SERVICES, type CoreServiceName, type ServiceName } from '@arb/shared/contracts';
import {
  type HostDeps,
  type JournalReader,
  type JournalStore,
  type Log,
  RUNTIME_DEFAULTS,
  type RuntimeOptions,
  ServiceHost,
} from '@arb/shared/runtime';
import { BusServer, Database, Killed, type Process, type Supervised, type World } from '@arb/shared/simulation';
import { RECORD_DEFAULTS, type RecordOptions, SessionKeeper, type Wanted } from '../record/index.ts';
import { coreOf, type TestConfig } from './cores.ts';
import { isExpectedEnd } from './expected-ends.ts';
import { History } from './history.ts';
import { alertShell, type Market, marketShell } from './market.ts';

export interface CastOptions {
  /** Second replicas of risk and executor. */
  readonly replicas?: boolean;
  readonly secondJournal?: boolean;
  readonly secondMarket?: boolean;
  readonly runtime?: Partial<RuntimeOptions>;
  readonly record?: Partial<RecordOptions>;
  /** µs that a machine's wall clock may be off. */
  readonly skewMicros?: number;
  readonly sabotage?: Sabotage;
}

/** Deliberately broken pieces: a proof that cannot fail proves nothing. */
export interface Sabotage {
  readonly store?: (store: JournalStore) => JournalStore;
  readonly reader?: (reader: JournalReader) => JournalReader;
  readonly marketIgnoresLease?: boolean;
}

interface Part {
  readonly name: string;
  readonly service: ServiceName;
  readonly replica: number;
}

const RESTART_MS = { least: 20, most: 1_500 };

/** A whole stack out of the real classes, on a simulated bus and database. */
export class Cast {
  readonly bus: BusServer;
  readonly db: Database;
  readonly history: History;
  readonly market: Market = { sequence: 0, closed: false, said: [] };
  readonly parts: readonly Part[];
  readonly processes = new Map<string, Supervised>();
  readonly hosts = new Map<string, ServiceHost>();
  readonly keepers = new Map<string, SessionKeeper>();
  /** Version of the code that each service's next process runs. */
  readonly code: Record<CoreServiceName, string> = { aggregator: '1', strategy: '1', risk: '1', executor: '1', alerting: '1' };
  config: TestConfig = { every: 4, limit: 6, tag: 'first' };
  /** A clean start is asked for, and not yet begun by any journal. */
  cleanAsked = false;
  restarts = 0;
  private sessionsNamed = 0;

  constructor(
    readonly world: World,
    readonly options: CastOptions = {},
  ) {
    this.bus = new BusServer(world);
    this.db = new Database(world);
    this.history = new History(this.bus);
    const parts: Part[] = [];
    const add = (service: ServiceName, twice: boolean) => {
      parts.push({ name: service, service, replica: 0 });
      if (twice) parts.push({ name: `${service}-1`, service, replica: 1 });
    };
    add('journal', options.secondJournal === true);
    add('market-data', options.secondMarket === true);
    for (const service of CORE_SERVICES) add(service, options.replicas === true && (service === 'risk' || service === 'executor'));
    this.parts = parts;
  }

  begin(): void {
    for (const part of this.parts) {
      const start = part.service === 'journal' ? this.journal : this.service;
      this.processes.set(
        part.name,
        this.world.supervise(part.name, (process) => start(process, part), RESTART_MS),
      );
    }
  }

  process(name: string): Process | null {
    return this.processes.get(name)?.process ?? null;
  }

  wanted(clean = false): Wanted {
    const { config, code } = this;
    return {
      config,
      configHash: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
      seed: `seed ${this.world.seed}`,
      versions: { ...code },
      clean,
      newSessionId: () => {
        if (clean) this.cleanAsked = false;
        return `s${++this.sessionsNamed}`;
      },
    };
  }

  /** Asks a process to end by itself; one that does not within its time is killed, as a supervisor would. */
  stop(name: string): void {
    const process = this.process(name);
    if (process === null) return;
    // The call is made in the process, as a signal's handler is.
    process.input(0, () => {
      const stopping = this.keepers.get(name)?.stop() ?? this.hosts.get(name)?.stop();
      stopping?.catch((error: Error) => {
        if (!isExpectedEnd(error)) throw error;
      });
    });
    this.world.after(8_000, () => {
      process.kill('did not stop in time');
    });
  }

  /** The journals that run are told; one that starts later reads it at its start. */
  handOver(): void {
    for (const keeper of this.keepers.values()) keeper.handOver(this.wanted(this.cleanAsked));
  }

  /** Begins inside the new process; ends the process when the code under test gives up. */
  private readonly journal = async (process: Process, part: Part): Promise<void> => {
    this.settle(process);
    const sabotage = this.options.sabotage?.store ?? ((store: JournalStore) => store);
    const deps = {
      boot: this.bootName(process, 0),
      bus: this.bus.adminBus(process),
      openStore: () => sabotage(this.db.store(process)),
      time: process.time,
      options: {
        ...RECORD_DEFAULTS,
        clockMs: 200,
        batchRows: 100,
        batchMs: 15,
        committedMs: 200,
        streamMaxBytes: 100_000_000,
        trimSeconds: 60,
        ...this.options.record,
      },
      probe: process.probe,
      log: this.logOf(process),
      rssMb: () => 1,
      pid: process.boot,
    };
    const keeper = new SessionKeeper(deps, this.wanted(this.cleanAsked));
    this.keepers.set(part.name, keeper);
    process.onDeath(() => this.keepers.delete(part.name));
    await this.runToItsEnd(process, () => keeper.run());
  };

  private readonly service = async (process: Process, part: Part): Promise<void> => {
    this.settle(process);
    const { service, replica } = part;
    const { sabotage } = this.options;
    let participations = 0;
    const core = (CORE_SERVICES as readonly string[]).includes(service) ? (service as CoreServiceName) : null;
    const reader = this.db.reader(process);
    const deps: HostDeps = {
      service,
      newBoot: () => this.bootName(process, ++participations),
      makeCore: core === null ? null : coreOf(core, this.code[core]),
      makeShell:
        service === 'market-data'
          ? () =>
              marketShell(
                this.market,
                process,
                this.world.random.fork(`market/${process.name}/${process.boot}/${participations}`),
                sabotage?.marketIgnoresLease,
              )
          : service === 'alerting'
            ? alertShell
            : null,
      time: process.time,
      bus: this.bus.bus(process),
      journal: sabotage?.reader?.(reader) ?? reader,
      options: {
        ...RUNTIME_DEFAULTS,
        snapshotEveryMs: 1_500,
        backoffMs: [250, 2_000],
        trustStreamMs: ((this.options.record?.trimSeconds ?? 60) * 1_000) / 3,
        ...this.options.runtime,
        replica,
      },
      probe: process.probe,
      log: this.logOf(process),
      rssMb: () => 1,
      pid: process.boot,
    };
    const host = new ServiceHost(deps);
    this.hosts.set(part.name, host);
    process.onDeath(() => this.hosts.delete(part.name));
    await this.runToItsEnd(process, () => host.start());
  };

  private async runToItsEnd(process: Process, run: () => Promise<void>): Promise<void> {
    try {
      await run();
      process.exit('done');
    } catch (error) {
      if (error instanceof Killed || !process.alive) return;
      if (!isExpectedEnd(error as Error)) throw error;
      process.exit((error as Error).message);
    }
  }

  private settle(process: Process): void {
    this.restarts++;
    const most = this.options.skewMicros ?? 0;
    process.clockSkewMicros = this.world.random.fork(`skew/${process.name}`).between(-most, most);
  }

  private bootName(process: Process, participation: number): string {
    const random = this.world.random.fork(`boot/${process.name}/${process.boot}/${participation}`);
    let name = '';
    for (let i = 0; i < 8; i++) name += '0123456789abcdefghijklmnopqrstuvwxyz'[random.below(36)];
    return name;
  }

  private logOf(process: Process): Log {
    return (level, message, fields) => {
      if (level !== 'debug') this.world.trace(process.name, message, fields === undefined ? '' : JSON.stringify(fields));
    };
  }
}
