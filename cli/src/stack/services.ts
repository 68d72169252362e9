import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SERVICES, SERVICES, type ServiceName } from '@arb/shared/contracts';
import { CHECKOUT, type Home } from './home.ts';
import { HOST, type Ports } from './ports.ts';
import { answers, answersReady, type Program } from './program.ts';
import type { Secrets } from './secrets.ts';

/** The addresses of the servers, as the services are told them. */
export interface ServerAddresses {
  readonly nats: string;
  readonly postgres: string;
  readonly redis: string;
}

export interface ServicesPlan {
  readonly home: Home;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly servers: ServerAddresses;
  /** `ARB_…` settings that the command line adds: market source, configuration file. */
  readonly settings: NodeJS.ProcessEnv;
  readonly simulated: boolean;
  /** A second replica of each core service. */
  readonly standby: boolean;
  /** A new session, whatever there is to resume. */
  readonly clean: boolean;
  /** The running session, which these hand over: they start beside those that run and take part in what comes after it. */
  readonly after?: string | null;
}

export const SIMULATOR = 'simulator';
/** It has a fixed address: there is no room for two of them. */
export const DASHBOARD = 'dashboard';
/** Where the page is, when that port is free. */
const DASHBOARD_PORT = 8080;
const STANDBY_SUFFIX = '-standby';

/** In the order in which they are stopped: first what brings new events in, last what writes them down. */
export const STOP_ORDER: readonly (readonly string[])[] = [
  [SIMULATOR, 'market-data'],
  [...CORE_SERVICES, ...CORE_SERVICES.map((name) => name + STANDBY_SUFFIX)],
  [DASHBOARD],
  ['journal'],
];

/** Makes the list of programs once the servers' addresses are known. */
export type PlanServices = (plan: ServicesPlan) => Promise<readonly Program[]>;

export const planServices: PlanServices = async (plan) => {
  const beside = plan.after !== undefined;
  const running = plan.ports.taken[SIMULATOR];
  // The exchanges are there before and after: they are no part of what is handed over.
  const simulatorPort = !plan.simulated ? null : beside && running !== undefined ? running : await plan.ports.take(SIMULATOR);
  const simulator = simulatorPort === null ? {} : { ARB_SIMULATOR_URL: `http://${HOST}:${simulatorPort}` };
  // Those who are told of something follow a link to the page, so its address is known before anybody starts.
  const stays = beside ? plan.ports.taken[DASHBOARD] : undefined;
  const page = stays ?? (await plan.ports.take(DASHBOARD, DASHBOARD_PORT));
  const programs: Program[] = [];
  // The journal first: it opens the session that all others wait for.
  for (const name of ['journal', ...SERVICES.filter((service) => service !== 'journal')] as const)
    programs.push(await service(plan, name as ServiceName, 0, page, simulator));
  if (plan.standby) for (const name of CORE_SERVICES) programs.push(await service(plan, name, 1, page, simulator));
  if (simulatorPort !== null && !beside)
    programs.unshift(program(plan, SIMULATOR, join('simulator', 'dist', 'main.js'), simulatorPort, simulator));
  return programs;
};

async function service(plan: ServicesPlan, name: ServiceName, replica: number, page: number, more: NodeJS.ProcessEnv): Promise<Program> {
  const own = replica === 0 ? name : name + STANDBY_SUFFIX;
  const port = own === DASHBOARD ? page : await plan.ports.take(own);
  const made = program(plan, own, join('services', name, 'dist', 'main.js'), port, {
    ...more,
    ARB_NATS_USER: name,
    ARB_NATS_PASSWORD: plan.secrets.nats[name],
    ARB_REPLICA: String(replica),
    ARB_DASHBOARD_URL: process.env.ARB_DASHBOARD_URL ?? plan.settings.ARB_DASHBOARD_URL ?? `http://${HOST}:${page}`,
    ...(replica === 0 ? {} : { ARB_STANDBY: 'true' }),
    ...(plan.after == null ? {} : { ARB_AFTER_SESSION: plan.after }),
  });
  return name === 'journal' && plan.clean ? { ...made, envOnce: { ARB_SESSION_START: 'clean' } } : made;
}

/** Keys of exchanges are for the one service that asks with them. */
const VENUE_KEY = /^ARB_[A-Z0-9]+_(ACCESS|SECRET)_KEY(_FILE)?$/;

function environmentFor(name: string): NodeJS.ProcessEnv {
  if (name === 'market-data') return process.env;
  return Object.fromEntries(Object.entries(process.env).filter(([variable]) => !VENUE_KEY.test(variable)));
}

function program(plan: ServicesPlan, name: string, file: string, port: number, more: NodeJS.ProcessEnv): Program {
  const url = `http://${HOST}:${port}`;
  const main = join(CHECKOUT, file);
  return {
    name,
    kind: 'service',
    command: process.execPath,
    args: ['--enable-source-maps', main],
    cwd: CHECKOUT,
    env: {
      ...environmentFor(name),
      ...plan.settings,
      ARB_NATS_URL: plan.servers.nats,
      ARB_POSTGRES_URL: plan.servers.postgres,
      ARB_REDIS_URL: plan.servers.redis,
      ARB_HTTP_HOST: HOST,
      ARB_HTTP_PORT: String(port),
      ARB_HOME: plan.home.folder,
      ...more,
    },
    url,
    async prepare() {
      if (!existsSync(main)) throw new Error(`${main} is not there: compile with "npm run build"`);
    },
    isReady: () => answersReady(url),
    runs: () => answers(`${url}/healthz`),
  };
}
