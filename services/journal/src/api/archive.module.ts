import type { Server } from 'node:http';
import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ArchiveController } from './archive.controller.ts';
import { type ArchiveOptions, ArchiveService, OPTIONS } from './archive.service.ts';
import { HTTP_HOST, OwnPageGuard } from './own-page-guard.ts';

@Module({})
class ArchiveModule implements OnApplicationBootstrap {
  private readonly http: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) http: HttpAdapterHost) {
    this.http = http;
  }

  /** A long session is longer on its way in than the five minutes that Node.js gives a request; one that stands still is ended where it is read. */
  onApplicationBootstrap(): void {
    (this.http.httpAdapter.getHttpServer() as Server).requestTimeout = 0;
  }
}

/** The recorded sessions over HTTP: every question of the command line, beside probes and metrics. */
export function archiveModule(options: ArchiveOptions): DynamicModule {
  return {
    module: ArchiveModule,
    controllers: [ArchiveController],
    providers: [ArchiveService, OwnPageGuard, { provide: OPTIONS, useValue: options }, { provide: HTTP_HOST, useValue: options.httpHost }],
  };
}
