import { type Home, makeHome } from './home.ts';
import { stopLeftovers } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { openPorts } from './ports.ts';
import { planServers } from './private-servers.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';
import { type RunFile, type RunningProgram, removeRun, writeRun } from './run-file.ts';
import { ensureSecrets } from './secrets.ts';
import { DASHBOARD, type PlanServices, type ServerAddresses, SIMULATOR, STOP_ORDER } from './services.ts';
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

export interface HandoverWish {
  /** Resolves once the running session takes nothing any more. */
  readonly untilCut: (servers: ServerAddresses) => Promise<void>;
  /** The session after it, once that is live. */
  readonly sessionOf: StackOptions['sessionOf'];
  /** The simulated exchanges begin anew as well: what is traded there is something else now. */
  readonly otherMarket: boolean;
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
   * Starts successors of all services, with the code and the configuration files as they are now, beside those that run, and lets
   * them take over in a child session; resolves once they serve. Where they cannot run, all stays as it was, and it says why.
   */
  handover(wish: HandoverWish): Promise<void>;
  /** Notes why a handover that was asked for may not be made. */
  noHandover(refused: string): void;
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
  const noHandover = (refused: string): void => record({ phase: 'running', handover: { at: new Date().toISOString(), refused } });

  async function handover({ untilCut, sessionOf, otherMarket }: HandoverWish, planned: Parameters<PlanServices>[0]): Promise<void> {
    const taken = { ...ports.taken };
    record({ phase: 'handing-over' });
    const programs = await options.services({ ...planned, clean: false, after: written.session });
    const names = programs.map(({ name }) => name);
    const succession = supervisor.succeed(programs.filter(({ name }) => name !== DASHBOARD));
    try {
      await succession.untilTheyWait(within);
    } catch (error) {
      await succession.giveUp();
      ports.putBack(taken);
      noHandover((error as Error).message);
      return;
    }
    // The next journal has been waiting for the lock of this one, and cuts.
    await succession.leave(['journal']);
    const market = otherMarket ? supervisor.restart(SIMULATOR) : Promise.resolve();
    await untilCut(planned.servers);
    // It would claim the lease of the next session, too.
    await succession.leave(['market-data']);
    const session = await sessionOf(planned.servers);
    // The next session could not begin before each of them had kept its last state.
    await Promise.all([succession.leave(names), market]);
    await supervisor.untilReady(
      names.filter((name) => name !== DASHBOARD),
      within,
    );
    for (const program of programs) if (program.name === DASHBOARD) await supervisor.restart(DASHBOARD, program);
    await supervisor.untilReady([DASHBOARD], within);
    ports.releaseOthers();
    record({ session, phase: 'running', handover: { at: new Date().toISOString(), refused: null } });
  }
  async function stop(): Promise<void> {
    await stopServices();
    // Clients before the servers they talk to; the servers do not know each other.
    await supervisor.stop([SERVERS]);
    removeRun(home);
    ports.release();
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
    const planned = { home, ports, secrets, servers: servers.addresses, settings, standby, clean, simulated };
    const programs = await options.services(planned);
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
      handover: (wish) => handover(wish, planned),
      noHandover,
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
