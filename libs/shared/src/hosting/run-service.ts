import { randomBytes } from 'node:crypto';
import type { DynamicModule } from '@nestjs/common';
import { type Config, ConfigError, configHash, loadConfig } from '../config/index.ts';
import { CORE_SERVICES, type ServiceName } from '../contracts/index.ts';
import type { MakeCore } from '../core/index.ts';
import { isRefusal, type Log, NO_PROBE, RUNTIME_DEFAULTS, ServiceHost, type Shell, type Time } from '../runtime/index.ts';
import { openEnds } from './ends.ts';
import { EXIT_CONFIG } from './exit-codes.ts';
import { hostShadow } from './host-shadow.ts';
import type { Hosted } from './hosted.ts';
import { jsonLog } from './log.ts';
import { realTime } from './real-time.ts';
import { growYoungHeapAtOnce } from './young-heap.ts';

export interface ShellDeps {
  readonly config: Config;
  readonly time: Time;
  readonly log: Log;
}

export interface ServiceSpec {
  readonly service: ServiceName;
  readonly makeCore?: MakeCore;
  readonly makeShell?: (deps: ShellDeps) => Shell;
  /** Modules of its own, beside probes and metrics. */
  readonly imports?: DynamicModule['imports'];
}

/** Eight letters and digits: enough that no two boots of a session share a name. */
export function newBoot(): string {
  return randomBytes(5).toString('hex');
}

/** The `main` of every service that takes part in a session by the runtime. */
export function runService(spec: ServiceSpec): Promise<void> {
  return runHosted(spec.service, ({ config, log }) => {
    const { infrastructure } = config;
    if (infrastructure.role === 'shadow') return { imports: [], hosted: hostShadow(spec, infrastructure, log) };
    const { bus, journal, closeAfter } = openEnds(spec.service, infrastructure.replica, infrastructure);
    const host = new ServiceHost({
      service: spec.service,
      newBoot,
      configHash: configHash(config.session),
      after: process.env.ARB_AFTER_SESSION || null,
      makeCore: spec.makeCore ?? null,
      makeShell:
        spec.makeShell === undefined ? null : () => (spec.makeShell as NonNullable<typeof spec.makeShell>)({ config, time: realTime, log }),
      time: realTime,
      bus,
      journal,
      options: { ...RUNTIME_DEFAULTS, replica: infrastructure.replica },
      probe: NO_PROBE,
      log,
      rssMb: () => process.memoryUsage.rss() / 1024 / 1024,
      pid: process.pid,
    });
    return {
      imports: spec.imports ?? [],
      hosted: {
        start: () => host.start(),
        stop: () => closeAfter(host),
        unready: () => {
          const status = host.status();
          if (status === null) return host.waitsFor() ?? 'starting';
          if (!status.live) return status.trouble ?? `catching up at position ${status.position}`;
          return status.trouble;
        },
        facts() {
          const differsFrom = host.differsFrom();
          return differsFrom === null ? {} : { differsFrom };
        },
        numbers: (): Readonly<Record<string, number>> => {
          const status = host.status();
          if (status === null) return { live: 0 };
          return {
            live: status.live ? 1 : 0,
            position: status.position,
            lag_positions: status.lagPositions,
            lag_ms: status.lagMs,
            unconfirmed: status.unconfirmed,
            queued: status.queued,
            snapshot_position: status.snapshot ?? 0,
            holds_lease: status.holdsLease ? 1 : 0,
            events_taken: status.taken,
            events_ignored: status.ignored,
            events_malformed: status.malformed,
            events_published: status.published,
            resends: status.resends,
            links: status.links,
          };
        },
      },
    };
  });
}

/** Configuration, logging, HTTP, signals and exit codes: the same for every process. */
export async function runHosted(
  service: ServiceName,
  make: (deps: ShellDeps) => { readonly hosted: Hosted; readonly imports: DynamicModule['imports'] },
): Promise<void> {
  growYoungHeapAtOnce();
  let config: Config;
  try {
    config = loadConfig({ env: process.env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${service}: ${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
  const { infrastructure } = config;
  if (infrastructure.role === 'shadow' && !(CORE_SERVICES as readonly string[]).includes(service)) {
    process.stderr.write(`${service}: it derives nothing, so it cannot be a shadow (ARB_ROLE); ${CORE_SERVICES.join(', ')} can\n`);
    process.exit(EXIT_CONFIG);
  }
  const log = jsonLog(service, infrastructure.logLevel);
  const die = (error: unknown): void => {
    const failure = error as Error;
    log('error', failure.message, { stack: failure.stack, cause: failure.cause === undefined ? undefined : String(failure.cause) });
    process.stderr.write(`${failure.message.startsWith(`${service}: `) ? '' : `${service}: `}${failure.message}\n`);
    process.exit(isRefusal(error) ? EXIT_CONFIG : 1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  let made: ReturnType<typeof make>;
  try {
    made = make({ config, time: realTime, log });
  } catch (error) {
    die(error);
    return;
  }
  const { imports } = made;
  const hosted = once(made.hosted);
  // The stream is begun with at once; the framework is loaded while the servers answer.
  hosted.start().catch(die);
  const { serveHosted } = await import('./nest-app.ts');
  const app = await serveHosted({ service, hosted, imports, infrastructure, log, failed: die });
  log('info', 'started', { pid: process.pid, http: await app.getUrl() });
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log('info', 'stopping', { signal });
    // The stream is drained before Nest destroys providers; Nest would do it the other way round.
    hosted
      .stop()
      .then(() => app.close())
      .then(() => {
        log('info', 'stopped');
        process.exit(0);
      }, die);
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}

/** Nest starts and closes its transports too; a service is started and stopped once, whoever asks first. */
function once(hosted: Hosted): Hosted {
  let started: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;
  return {
    ...hosted,
    start: () => {
      started ??= hosted.start();
      return started;
    },
    stop: () => {
      stopped ??= hosted.stop();
      return stopped;
    },
  };
}
