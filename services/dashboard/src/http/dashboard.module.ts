import type { Time } from '@arb/shared/runtime';
import { type DynamicModule, Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import type { View } from '../view/index.ts';
import { ApiController, AUDIENCE, TIME, VIEW } from './api.controller.ts';
import { AUDIENCE_DEFAULTS, Audience, type AudienceOptions } from './audience.ts';
import { EventController, EXPLAIN, type Explain } from './event.controller.ts';
import { PageController } from './page.controller.ts';

/** The page and its API over one view. */
@Module({})
export class DashboardModule implements OnModuleDestroy {
  constructor(@Inject(AUDIENCE) private readonly audience: Audience) {}

  static of(view: View, time: Time, explain: Explain, options: AudienceOptions = AUDIENCE_DEFAULTS): DynamicModule {
    return {
      module: DashboardModule,
      controllers: [ApiController, EventController, PageController],
      providers: [
        { provide: VIEW, useValue: view },
        { provide: TIME, useValue: time },
        { provide: EXPLAIN, useValue: explain },
        { provide: AUDIENCE, useValue: new Audience(view, time, options) },
      ],
    };
  }

  onModuleDestroy(): void {
    this.audience.close();
  }
}
