import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Hosted } from './hosted.ts';

/** Prometheus' view of one process: its own defaults, and whatever numbers the hosted service shows. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly gauges = new Map<string, Gauge>();
  private readonly hosted: Hosted;

  constructor(service: string, hosted: Hosted) {
    this.hosted = hosted;
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry });
  }

  text(): Promise<string> {
    for (const [name, value] of Object.entries(this.hosted.numbers())) {
      let gauge = this.gauges.get(name);
      if (gauge === undefined) {
        gauge = new Gauge({ name: `arb_${name}`, help: name.replaceAll('_', ' '), registers: [this.registry] });
        this.gauges.set(name, gauge);
      }
      gauge.set(value);
    }
    return this.registry.metrics();
  }
}
