import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { configHash } from '@arb/shared/config';
import { CORE_VERSIONS } from '@arb/shared/core';
import { type Hosted, newBoot, realTime, type ShellDeps } from '@arb/shared/hosting';
import { dropSnapshotsWithoutEvents, migrate, openJournalStore, type PostgresJournalStore } from '@arb/shared/journal';
import { natsBus } from '@arb/shared/nats';
import { Backoff, isRefusal, NO_PROBE } from '@arb/shared/runtime';
import { keepSelfChecking, type SelfChecking } from './api/self-checking.ts';
import { RECORD_DEFAULTS, type RecordDeps, SessionKeeper, type Wanted } from './record/index.ts';
import { keepRetention } from './retention.ts';

/** `2026-11-20-071801-k3f9`: sorts by time, says when, and fits a stream's name. */
function newSessionId(): string {
  const [date, time] = new Date().toISOString().split('T') as [string, string];
  return `${date}-${time.slice(0, 8).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`;
}

/** The journal as a hosted service: database made ready, disk looked at, then sessions kept. */
export function hostJournal({ config, log }: ShellDeps): Hosted {
  const { infrastructure, session } = config;
  const deps: RecordDeps = {
    boot: newBoot(),
    bus: natsBus({
      servers: infrastructure.natsUrl,
      ...(infrastructure.natsUser === null ? {} : { user: infrastructure.natsUser, password: infrastructure.natsPassword ?? '' }),
      name: `journal-${infrastructure.replica}`,
      admin: true,
      replicas: infrastructure.natsReplicas,
    }),
    openStore: () => openJournalStore(infrastructure.postgresUrl),
    time: realTime,
    options: { ...RECORD_DEFAULTS, ...session.journal },
    probe: NO_PROBE,
    log,
    rssMb: () => process.memoryUsage.rss() / 1024 / 1024,
    pid: process.pid,
    trouble: () => checking?.trouble() ?? null,
  };
  const wanted: Wanted = {
    config: session,
    configHash: configHash(session),
    seed: session.market.seed,
    versions: CORE_VERSIONS,
    clean: process.env.ARB_SESSION_START === 'clean',
    after: process.env.ARB_AFTER_SESSION || null,
    newSessionId,
  };
  let keeper: SessionKeeper | null = null;
  let checking: SelfChecking | null = null;
  let stopping = false;
  let waitsFor: string | null = 'starting';

  async function database(): Promise<void> {
    const backoff = new Backoff(deps.options.backoffMs);
    while (!stopping) {
      try {
        await migrate(infrastructure.postgresUrl);
        return;
      } catch (error) {
        if (isRefusal(error)) throw error;
        waitsFor = (error as Error).message;
        log('warn', waitsFor);
        await new Promise((resolve) => setTimeout(resolve, backoff.take()));
      }
    }
  }

  async function diskGuard(): Promise<void> {
    // A folder that nobody has made yet will be made on the disk that this process stands on.
    const folder = existsSync(infrastructure.home) ? infrastructure.home : '.';
    const { bavail, bsize } = await statfs(folder);
    const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
    if (freeMb < session.journal.minFreeDiskMb)
      throw new Error(
        `journal: ${freeMb} MB free at ${infrastructure.home}, at least ${session.journal.minFreeDiskMb} MB are needed (journal.minFreeDiskMb). Free some space, shorten journal.retentionDays, or lower the limit.`,
      );
  }

  return {
    async start() {
      await diskGuard();
      await database();
      if (stopping) return;
      const retention: PostgresJournalStore = openJournalStore(infrastructure.postgresUrl);
      const stopRetention = keepRetention(
        retention,
        () => dropSnapshotsWithoutEvents(infrastructure.postgresUrl),
        session.journal.retentionDays,
        log,
      );
      checking = keepSelfChecking({ url: infrastructure.postgresUrl, log });
      keeper = new SessionKeeper(deps, wanted);
      waitsFor = null;
      try {
        await keeper.run();
      } finally {
        await checking.stop();
        stopRetention();
        await retention.close();
      }
    },
    async stop() {
      stopping = true;
      await keeper?.stop();
    },
    unready() {
      if (keeper === null) return waitsFor;
      const status = keeper.status();
      // To wait for its turn is all that the second journal is there for.
      if (status.standsBy) return null;
      if (status.recorder === null) return status.waitsFor ?? 'no session is live';
      return status.recorder.live
        ? status.recorder.trouble
        : (status.recorder.trouble ?? `reading at position ${status.recorder.position}`);
    },
    facts() {
      return keeper?.status().standsBy === true ? { standsBy: 'another journal is the writer' } : {};
    },
    numbers(): Readonly<Record<string, number>> {
      const status = keeper?.status();
      const recorder = status?.recorder ?? null;
      const standsBy = status?.standsBy === true ? 1 : 0;
      if (recorder === null) return { live: 0, standing_by: standsBy };
      return {
        live: recorder.live ? 1 : 0,
        standing_by: standsBy,
        position: recorder.position,
        committed_position: recorder.committed,
        pending_rows: recorder.pendingRows,
        lag_ms: recorder.lagMs,
        unconfirmed: recorder.unconfirmed,
        stream_fill: recorder.fill,
        events_ignored: recorder.ignored,
        events_malformed: recorder.malformed,
        links: recorder.links,
        ...checking?.numbers(),
      };
    },
  };
}
