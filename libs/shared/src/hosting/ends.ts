import type { InfrastructureConfig } from '../config/index.ts';
import type { ServiceName } from '../contracts/index.ts';
import { openJournalReader } from '../journal/index.ts';
import { natsBus } from '../nats/index.ts';
import type { Bus, JournalReader } from '../runtime/index.ts';

/** What a process that takes part in sessions, or only watches them, is connected to. */
export interface Ends {
  readonly bus: Bus;
  readonly journal: JournalReader;
  /** Stops whoever reads, then closes the journal under it. */
  closeAfter(host: { stop(): Promise<void> }): Promise<void>;
}

/** `part`: what this process is beside others of the same service; the server shows it in its list of connections. */
export function openEnds(
  service: ServiceName,
  part: string | number,
  { natsUrl, natsUser, natsPassword, postgresUrl }: InfrastructureConfig,
): Ends {
  const journal = openJournalReader(postgresUrl);
  return {
    journal,
    bus: natsBus({
      servers: natsUrl,
      ...(natsUser === null ? {} : { user: natsUser, password: natsPassword ?? '' }),
      name: `${service}-${part}`,
    }),
    async closeAfter(host) {
      await host.stop();
      await journal.close();
    },
  };
}
