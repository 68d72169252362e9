import { Controller, Get, Header, Inject, ServiceUnavailableException } from '@nestjs/common';
import type { Hosted } from './hosted.ts';
import type { Metrics } from './metrics.ts';

export const HOSTED = Symbol('hosted');
export const METRICS = Symbol('metrics');

@Controller()
export class ProbesController {
  constructor(
    @Inject(HOSTED) private readonly hosted: Hosted,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** The process lives and its event loop turns. */
  @Get('healthz')
  healthz() {
    return { status: 'ok' };
  }

  /** It has caught up and does its work. */
  @Get('readyz')
  readyz() {
    const waitsFor = this.hosted.unready();
    const facts = this.hosted.facts?.() ?? {};
    if (waitsFor !== null) throw new ServiceUnavailableException({ status: 'waiting', waitsFor, ...facts });
    return { status: 'ready', ...facts };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  text(): Promise<string> {
    return this.metrics.text();
  }
}
