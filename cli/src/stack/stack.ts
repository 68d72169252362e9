import { type Home, makeHome } from './home.ts';
import { stopLeftovers } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { openPorts } from './ports.ts';
import { planServers } from './private-servers.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';
import { type RunFile, type RunningProgram, removeRun, writeRun } from './run-file.ts';
import { ensureSecrets } from './secrets.ts';
import { type PlanServices, type ServerAddresses, STOP_ORDER } from './services.ts';
import { openSupervisor } from './supervisor.ts';

export interface StackOptions {
  readonly home: Home;
  readonly say: (line: string) => void;
  readonly services: PlanServices;
  readonly settings: NodeJS.ProcessEnv;
  readonly market: string;
  readonly standby: boolean;
  readonly clean: boolean;
  /** Bytes that all streams together may take on disk. */
  readonly maxStore: number;
  /** How long servers and services may take until they serve. */
  readonly readyWithinMs?: number;
  /** Called with the servers up and no service started yet: what was there before this run. */
  readonly beforeServices?: (servers: ServerAddresses) => Promise<void>;
  /** Asked once everything serves: the session that runs. */
  readonly sessionOf: (servers: ServerAddresses) => Promise<string | null>;
  /** Aborted when the start itself is to be broken off. */
  readonly signal?: AbortSignal;
}

/** All that runs, until it is stopped. */
export interface Stack {
  session(): string | null;
  readonly servers: ServerAddresses;
  programs(): readonly RunningProgram[];
  restarts(): number;
  /** Settles with a sentence when the stack cannot go on. */
  readonly failed: Promise<string>;
  /**
   * Starts all services anew, with the code and the configuration files as they are now; resolves once they serve. What has
   * changed makes them go on in a child session.
   */
  handover(sessionOf: StackOptions['sessionOf']): Promise<void>;
  /** Says why a handover that was asked for is not made. */
  refuseHandover(why: string): void;
  /** First the services; the servers stay for whoever has something to read from them. */
  stopServices(): Promise<void>;
  /** The rest, and gives the data folder free. */
  stop(): Promise<void>;
  hurry(): void;
}

const READY_WITHIN_MS = 60_000;
const SERVERS = ['postgres', 'nats', 'redis'] as const;

/** Starts everything and resolves when all of it serves. When it rejects, nothing runs. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { home, say } = options;
  const within = options.readyWithinMs ?? READY_WITHIN_MS;
  makeHome(home);
  const lock = await takeLock(home, 'stack');
  const ports = openPorts(home);
  let written: Omit<RunFile, 'programs' | 'ports'> = {
    version: 1,
    supervisor: identityOf(process.pid) as ProcessIdentity,
    startedAt: new Date().toISOString(),
    session: null,
    phase: 'starting',
    market: options.market,
    postgresData: null,
  };
  // Written at once with every new process: a supervisor that is killed must leave no process unnamed.
  const record = (change: Partial<typeof written> = {}): void => {
    written = { ...written, ...change };
    writeRun(home, { ...written, ports: ports.taken, programs: supervisor.states() });
  };
  const supervisor = openSupervisor(home.logs, () => record(), say);

  async function endServices(): Promise<void> {
    const ordered = STOP_ORDER.flat();
    const others = supervisor.states().filter(({ name, kind }) => kind === 'service' && !ordered.includes(name));
    await supervisor.stop([others.map(({ name }) => name), ...STOP_ORDER]);
  }
  async function stopServices(): Promise<void> {
    record({ phase: 'stopping' });
    await endServices();
  }
  async function handover(sessionOf: StackOptions['sessionOf'], servers: ServerAddresses): Promise<void> {
    const names = supervisor.states().flatMap(({ name, kind }) => (kind === 'service' ? [name] : []));
    record({ phase: 'handing-over' });
    await endServices();
    supervisor.start(names);
    await supervisor.untilReady(names, within);
    record({ session: await sessionOf(servers), phase: 'running', handover: { at: new Date().toISOString(), refused: null } });
  }
  async function stop(): Promise<void> {
    await stopServices();
    // Clients before the servers they talk to; the servers do not know each other.
    await supervisor.stop([SERVERS]);
    removeRun(home);
    lock.release();
  }

  try {
    await stopLeftovers(home, say);
  } catch (error) {
    lock.release();
    throw error;
  }
  try {
    const secrets = ensureSecrets(home);
    const servers = await planServers({ home, ports, secrets, maxStore: options.maxStore, say });
    options.signal?.throwIfAborted();
    record({ postgresData: servers.postgresData });
    say('starting the servers: postgres, nats, redis');
    supervisor.add(servers.programs);
    await unlessAborted(supervisor.untilReady(SERVERS, within), options.signal);
    await options.beforeServices?.(servers.addresses);
    const { settings, standby, clean, market } = options;
    const simulated = market === 'simulated';
    const programs = await options.services({ home, ports, secrets, servers: servers.addresses, settings, standby, clean, simulated });
    say(`starting ${programs.length} services: ${programs.map(({ name }) => name).join(', ')}`);
    options.signal?.throwIfAborted();
    supervisor.add(programs);
    const names = programs.map(({ name }) => name);
    await unlessAborted(supervisor.untilReady(names, within), options.signal);
    const session = await options.sessionOf(servers.addresses);
    record({ session, phase: 'running' });
    return {
      session: () => written.session,
      servers: servers.addresses,
      handover: (sessionOf) => handover(sessionOf, servers.addresses),
      refuseHandover: (refused) => record({ handover: { at: new Date().toISOString(), refused } }),
      programs: () => supervisor.states(),
      restarts: () => supervisor.restarts(),
      failed: supervisor.refused,
      stopServices,
      stop,
      hurry: () => supervisor.hurry(),
    };
  } catch (error) {
    say('stopping what was started');
    await stop();
    throw error;
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
