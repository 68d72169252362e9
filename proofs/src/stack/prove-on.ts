import { inspect } from '../checks/all.ts';
import type { JournalFacts } from '../checks/journal.ts';
import { type Findings, openFindings } from '../findings.ts';
import type { ProofOptions, ProofResult } from '../proof.ts';
import { type LiveStack, removeHome, type StackWishes, startLiveStack } from './live-stack.ts';
import { openViewer, type Viewer } from './viewer.ts';

export interface Scene {
  readonly stack: LiveStack;
  readonly viewer: Viewer;
  readonly findings: Findings;
}

/** Starts a stack with a listener beside it, lets `live` do what it does to it, stops it, and lets `after` look into its journal. */
export async function proveOn(
  { out }: ProofOptions,
  wishes: StackWishes,
  live: (scene: Scene) => Promise<void>,
  after: (facts: JournalFacts, scene: Scene) => Promise<void>,
): Promise<ProofResult> {
  const findings = openFindings(out);
  const stack = await startLiveStack(wishes);
  let scene: Scene | null = null;
  try {
    const viewer = await openViewer(stack.natsUrl);
    scene = { stack, viewer, findings };
    await live(scene);
  } finally {
    const { code, said } = await stack.stop();
    await scene?.viewer.close();
    if (code !== 0) findings.fault(`the stack ends with exit code 0 when it is asked to; it ended with ${code}: ${said.slice(-300)}`);
  }
  const looking: Scene = scene;
  await inspect(stack, (facts) => after(facts, looking));
  const result = findings.result();
  if (result.ok) removeHome(stack.home);
  else out(`kept for a look: ${stack.home.folder}`);
  return result;
}
