import 'reflect-metadata';
import type { DynamicModule, INestApplication, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { InfrastructureConfig } from '../config/index.ts';
import type { ServiceName } from '../contracts/index.ts';
import type { Log } from '../runtime/index.ts';
import { EXIT_CONFIG } from './exit-codes.ts';
import type { Hosted } from './hosted.ts';
import { serviceModule } from './service-module.ts';
import { SessionTransport } from './session-transport.ts';

export interface ServeOptions {
  readonly service: ServiceName;
  readonly hosted: Hosted;
  readonly imports: DynamicModule['imports'];
  readonly infrastructure: InfrastructureConfig;
  readonly log: Log;
  readonly failed: (error: Error) => void;
}

/** The NestJS application around a hosted service: its transport, probes, metrics and modules, on its HTTP port. */
export async function serveHosted({ service, hosted, imports, infrastructure, log, failed }: ServeOptions): Promise<INestApplication> {
  const app = await NestFactory.create(serviceModule(service, hosted, imports ?? []), {
    logger: nestLogger(log),
    abortOnError: false,
    // Nobody is sent forms; a file that comes in is read as it comes, whatever its sender calls it.
    bodyParser: false,
  });
  app.connectMicroservice({ strategy: new SessionTransport(hosted, failed) });
  await app.startAllMicroservices();
  try {
    await app.listen(infrastructure.httpPort, infrastructure.httpHost);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? 'is taken by another process; free it or set ARB_HTTP_PORT'
        : `cannot be listened on: ${(error as Error).message}`;
    process.stderr.write(`${service}: port ${infrastructure.httpPort} on ${infrastructure.httpHost} ${why}\n`);
    process.exit(EXIT_CONFIG);
  }
  return app;
}

function nestLogger(log: Log): LoggerService {
  const say =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: unknown, ...rest: unknown[]) =>
      log(level, String(message), { context: rest.at(-1) });
  return { log: say('debug'), verbose: say('debug'), debug: say('debug'), warn: say('warn'), error: say('error'), fatal: say('error') };
}
