import type { InfrastructureConfig } from '../config/index.ts';
import { type Log, Refusal, RUNTIME_DEFAULTS } from '../runtime/index.ts';
import { ShadowHost } from '../shadow/index.ts';
import { openEnds } from './ends.ts';
import type { Hosted } from './hosted.ts';
import { realTime } from './real-time.ts';
import type { ServiceSpec } from './run-service.ts';

/** A core that takes part in nothing: it has its core and no shell, and tells what it has compared. */
export function hostShadow({ service, makeCore }: ServiceSpec, infrastructure: InfrastructureConfig, log: Log): Hosted {
  if (makeCore === undefined) throw new Refusal(`${service} derives nothing, so it cannot be a shadow (ARB_ROLE)`);
  const { bus, journal, closeAfter } = openEnds(service, 'shadow', infrastructure);
  const host = new ShadowHost({
    service,
    makeCore,
    bus,
    journal,
    time: realTime,
    log,
    options: RUNTIME_DEFAULTS,
  });
  return {
    start: () => host.start(),
    stop: () => closeAfter(host),
    unready: () => host.unready(),
    facts() {
      const status = host.status();
      const found = { role: 'shadow', ...host.totals() };
      if (status === null) return found;
      const { session, position, open, recordedBy, thisIs, first } = status;
      return { ...found, session, position, open, recordedBy, thisIs, firstDifference: first === null ? null : clipped({ ...first }) };
    },
    numbers(): Readonly<Record<string, number>> {
      const status = host.status();
      const { equal, different } = host.totals();
      return {
        shadow_equal: equal,
        shadow_different: different,
        shadow_live: status?.live === true ? 1 : 0,
        shadow_failed: status?.failed == null ? 0 : 1,
        shadow_open: status?.open ?? 0,
        shadow_position: status?.position ?? 0,
        shadow_lag_positions: status?.lagPositions ?? 0,
        shadow_lag_ms: status?.lagMs ?? 0,
      };
    },
  };
}

const MOST_SHOWN = 2_000;

function clipped<T extends Readonly<Record<string, unknown>>>(found: T): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(found).map(([key, value]) => [
      key,
      typeof value === 'string' && value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value,
    ]),
  );
}
