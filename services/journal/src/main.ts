import { runHosted } from '@arb/shared/hosting';
import { hostJournal } from './host-journal.ts';

await runHosted('journal', (deps) => ({ hosted: hostJournal(deps), imports: [] }));
