import { RECORD_DEFAULTS, SessionKeeper, type Wanted } from '@arb/journal';
import type { SessionConfig } from '@arb/shared/config';
import { newBoot, realTime } from '@arb/shared/hosting';
import { openJournalStore } from '@arb/shared/journal';
import { natsBus } from '@arb/shared/nats';
import { NO_PROBE } from '@arb/shared/runtime';
import { type Place, quietLog } from './host.ts';
import { fail, serve, settings } from './serve.ts';

export interface RecorderSettings extends Place {
  readonly session: string;
  readonly config: SessionConfig;
  readonly configHash: string;
  readonly versions: Readonly<Record<string, string>>;
}

const { session, config, configHash, versions, nats, password, postgres } = settings<RecorderSettings>();
const wanted: Wanted = { config, configHash, seed: '1', versions, clean: false, newSessionId: () => session };
const keeper = new SessionKeeper(
  {
    boot: newBoot(),
    bus: natsBus({ servers: nats, user: 'journal', password, name: 'journal-0', admin: true }),
    openStore: () => openJournalStore(postgres),
    time: realTime,
    options: { ...RECORD_DEFAULTS, ...config.journal },
    probe: NO_PROBE,
    log: quietLog,
    rssMb: () => process.memoryUsage.rss() / 1024 / 1024,
    pid: process.pid,
  },
  wanted,
);
keeper.run().catch(fail);
serve({ status: () => keeper.status().recorder }, () => keeper.stop());
