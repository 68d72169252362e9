/** Ctrl-C under npm and npx arrives twice: from the terminal and from npm. Only a later one means "at once". */
const SAME_INTERRUPT_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = 130;

/** Calls `first` when somebody interrupts, and `again` when they do once more because it takes too long. Returns what ends it. */
export function onInterrupt(first: () => void, again: () => void = () => process.exit(INTERRUPTED)): () => void {
  let firstAt: number | null = null;
  const interrupted = (): void => {
    if (firstAt === null) {
      firstAt = performance.now();
      first();
    } else if (performance.now() - firstAt > SAME_INTERRUPT_MS) again();
  };
  for (const signal of SIGNALS) process.on(signal, interrupted);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupted);
  };
}
