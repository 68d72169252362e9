/** How free trading is, and why: what runs well may still be halted. */
export interface Trading {
  readonly mode: string;
  readonly why: string;
}

const WITHIN_MS = 2_000;

/** As risk last said, from the dashboard at this address; null where it does not say. */
export async function tradingOf(url: string): Promise<Trading | null> {
  try {
    const response = await fetch(`${url}/api/state`, { signal: AbortSignal.timeout(WITHIN_MS) });
    const { guard } = (await response.json()) as { readonly guard?: Trading | null };
    return guard == null ? null : { mode: guard.mode, why: guard.why };
  } catch {
    return null; // it does not answer: whether it is ready says so already
  }
}
