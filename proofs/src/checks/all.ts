import { withJournal } from '@arb/cli';
import type { Findings } from '../findings.ts';
import type { LiveStack } from '../stack/live-stack.ts';
import type { Viewer } from '../stack/viewer.ts';
import { claimRestsOnBefore } from './basis.ts';
import { claimFilledWithin } from './fills.ts';
import { type JournalFacts, openFacts } from './journal.ts';
import { claimCommittedKept, claimSeenKept } from './kept.ts';
import { claimOneOutcome } from './outcomes.ts';
import { claimSentKept, type Outage } from './sent.ts';
import { claimVerified } from './verified.ts';

/** The journal of a stack that has stopped, with a database server for just this long. */
export function inspect<T>(stack: LiveStack, look: (facts: JournalFacts) => Promise<T>): Promise<T> {
  return withJournal(
    stack.home,
    () => {},
    async (url) => {
      const facts = await openFacts(url);
      try {
        return await look(facts);
      } finally {
        await facts.close();
      }
    },
  );
}

/** All that has to hold of any run, whatever was done to it. */
export async function claimNothingLost(
  facts: JournalFacts,
  stack: LiveStack,
  viewer: Viewer,
  outages: readonly Outage[],
  findings: Findings,
): Promise<void> {
  await claimVerified(facts, stack.home.folder, findings);
  await claimCommittedKept(facts, viewer, findings);
  await claimSeenKept(facts, viewer, findings);
  await claimSentKept(facts, stack.sentLog, outages, findings);
  await claimOneOutcome(facts, findings);
  await claimFilledWithin(facts, findings);
  await claimRestsOnBefore(facts, findings);
}
