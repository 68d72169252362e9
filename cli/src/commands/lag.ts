/** How far a service is behind the stream. */
export interface Lag {
  readonly positions: number;
  readonly ms: number;
}

/** From a service's `/metrics`; null where it does not say. */
export async function lagOf(url: string): Promise<Lag | null> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) });
    return response.ok ? lagIn(await response.text()) : null;
  } catch {
    return null; // it does not answer: whether it is ready says so already
  }
}

/** Prometheus text: `…lag_positions{…} 12`, `…lag_ms{…} 0.4`, or in `…lag_seconds`. */
export function lagIn(metrics: string): Lag | null {
  const value = (unit: string): number | null => {
    const found = new RegExp(`^\\w*lag_${unit}(?:\\{[^}]*\\})? ([0-9.e+-]+)`, 'm').exec(metrics)?.[1];
    return found === undefined ? null : Number(found);
  };
  const positions = value('positions');
  const seconds = value('seconds');
  const ms = value('ms') ?? (seconds === null ? null : seconds * 1000);
  return positions === null || ms === null ? null : { positions, ms: Math.round(ms * 10) / 10 };
}
