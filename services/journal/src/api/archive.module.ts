import { type DynamicModule, Module } from '@nestjs/common';
import { ArchiveController } from './archive.controller.ts';
import { type ArchiveOptions, ArchiveService, OPTIONS } from './archive.service.ts';
import { HTTP_HOST, OwnPageGuard } from './own-page-guard.ts';

@Module({})
class ArchiveModule {}

/** The recorded sessions over HTTP: every question of the command line, beside probes and metrics. */
export function archiveModule(options: ArchiveOptions): DynamicModule {
  return {
    module: ArchiveModule,
    controllers: [ArchiveController],
    providers: [ArchiveService, OwnPageGuard, { provide: OPTIONS, useValue: options }, { provide: HTTP_HOST, useValue: options.httpHost }],
  };
}
