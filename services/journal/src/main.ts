import { runHosted } from '@arb/shared/hosting';
import { hostJournal } from './host-journal.ts';

await runHosted('journal', (deps) => {
  const { infrastructure, session } = deps.config;
  const { postgresUrl, home, httpHost } = infrastructure;
  // Loaded beside the framework, after the stream was begun with.
  const archive = import('./api/archive.module.ts').then(({ archiveModule }) =>
    archiveModule({ postgresUrl, home, httpHost, retentionDays: session.journal.retentionDays }),
  );
  return { hosted: hostJournal(deps), imports: [archive] };
});
