import { SERVICES } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { type Bell, close, raise } from './bell.ts';

const SILENT_MICROS = 5_000_000;

/** When each service last said that it is there. */
export type LastHeard = Map<string, number>;

/** Cores that the session names must be heard of; the others once they have spoken. Nobody can report their own silence. */
export function expectServices(heard: LastHeard, named: readonly string[], now: number): void {
  const known: readonly string[] = SERVICES;
  for (const service of known) if (service !== 'alerting' && (heard.has(service) || named.includes(service))) heard.set(service, now);
}

/** The clock itself was away: nobody was silent then, there was just no time to speak in. */
export function forgiveAll(heard: LastHeard, now: number): void {
  for (const service of heard.keys()) heard.set(service, now);
}

export function hear(heard: LastHeard, bell: Bell, service: string, context: CoreContext): void {
  if (service === 'alerting') return;
  heard.set(service, context.now);
  close(bell, keyOf(service), `${service} is back`, context);
}

export function checkSilence(heard: LastHeard, bell: Bell, context: CoreContext): void {
  for (const [service, at] of heard) {
    if (context.now - at <= SILENT_MICROS || bell.open.has(keyOf(service))) continue;
    const summary = `${service} has said nothing for more than ${SILENT_MICROS / 1_000_000} s: see whether its process runs`;
    raise(bell, keyOf(service), { rule: 'service-silent', severity: 'P1', summary }, context);
  }
}

function keyOf(service: string): string {
  return `silent/${service}`;
}
