import type { ServiceName } from '@arb/shared/contracts';
import type { MakeCore } from '@arb/shared/core';
import { newBoot, realTime } from '@arb/shared/hosting';
import { openJournalReader, type PostgresJournalReader } from '@arb/shared/journal';
import { natsBus } from '@arb/shared/nats';
import { type Log, NO_PROBE, RUNTIME_DEFAULTS, ServiceHost, type Shell } from '@arb/shared/runtime';

/** Where a process finds its servers. */
export interface Place {
  readonly nats: string;
  readonly password: string;
  readonly postgres: string;
  readonly replica: number;
}

interface Begun {
  readonly at: number | null;
  readonly from: number;
  readonly cpu: NodeJS.CpuUsage | null;
}

/** How far a process has come since it began to read the journal at `from`. */
export interface CatchUp {
  /** Milliseconds of the process' own clock, as `now`. */
  readonly at: number | null;
  readonly from: number;
  readonly now: number;
  readonly cpuSeconds: number;
  readonly position: number;
  readonly live: boolean;
}

/** Only what somebody should look at; the parent shows it when the process ends unasked. */
export const quietLog: Log = (level, message, fields) => {
  if (level === 'warn' || level === 'error') process.stderr.write(`${level}: ${message} ${JSON.stringify(fields ?? {})}\n`);
};

/** A service as production hosts it, without HTTP. */
export function hostIn(place: Place, service: ServiceName, makeCore: MakeCore | null, makeShell: (() => Shell) | null) {
  const begun: Begun = { at: null, from: 0, cpu: null };
  const journal = notingFirstPage(openJournalReader(place.postgres), begun);
  const host = new ServiceHost({
    service,
    newBoot,
    makeCore,
    makeShell,
    time: realTime,
    bus: natsBus({
      servers: place.nats,
      user: service,
      password: place.password,
      name: `${service}-${place.replica}`,
    }),
    journal,
    options: { ...RUNTIME_DEFAULTS, replica: place.replica },
    probe: NO_PROBE,
    log: quietLog,
    rssMb: () => process.memoryUsage.rss() / 1024 / 1024,
    pid: process.pid,
  });
  return {
    host,
    /** When and from which position it began to read the journal, and the time now: ms of this process' clock. */
    catchUp(): CatchUp {
      const spent = process.cpuUsage(begun.cpu ?? undefined);
      return {
        at: begun.at,
        from: begun.from,
        now: performance.now(),
        cpuSeconds: (spent.user + spent.system) / 1_000_000,
        position: host.status()?.position ?? 0,
        live: host.status()?.live === true,
      };
    },
    async stop() {
      await host.stop();
      await journal.close();
    },
  };
}

function notingFirstPage(journal: PostgresJournalReader, begun: Begun): PostgresJournalReader {
  return {
    ...journal,
    events(session, from, limit) {
      // A single event is asked for its content, not to catch up.
      if (limit > 1 && begun.at === null) Object.assign(begun, { at: performance.now(), from, cpu: process.cpuUsage() });
      return journal.events(session, from, limit);
    },
  };
}
