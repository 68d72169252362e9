/** What must be ended before this process leaves, newest first: servers, children, folders. */
const endings = new Set<() => Promise<void>>();

/** Returns what ends it now; ended once, whoever comes first. */
export function onEnd(end: () => Promise<void>): () => Promise<void> {
  const once = async (): Promise<void> => {
    if (!endings.delete(once)) return;
    await end();
  };
  endings.add(once);
  return once;
}

/** Ends everything that is left, also when one of them fails; the first failure is thrown at the end. */
export async function endAll(): Promise<void> {
  let failure: unknown = null;
  for (const end of [...endings].reverse())
    try {
      await end();
    } catch (error) {
      failure ??= error;
    }
  if (failure !== null) throw failure;
}
