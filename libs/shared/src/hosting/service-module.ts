import { type DynamicModule, Module } from '@nestjs/common';
import type { Hosted } from './hosted.ts';
import { Metrics } from './metrics.ts';
import { HOSTED, METRICS, ProbesController } from './probes.controller.ts';

@Module({})
class ServiceModule {}

/** Every service's root module: what it hosts, its probes and metrics, and whatever modules of its own it adds. */
export function serviceModule(service: string, hosted: Hosted, imports: NonNullable<DynamicModule['imports']> = []): DynamicModule {
  return {
    module: ServiceModule,
    imports,
    controllers: [ProbesController],
    providers: [
      { provide: HOSTED, useValue: hosted },
      { provide: METRICS, useValue: new Metrics(service, hosted) },
    ],
    exports: [HOSTED],
  };
}
