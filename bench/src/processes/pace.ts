const TICK_MS = 1;

export interface Pacing {
  readonly rate: number;
  readonly seconds: number;
}

export interface Paced {
  readonly sent: number;
  /** How long it took in the end: longer than asked where sending was held up. */
  readonly seconds: number;
  /** Most that was due and not sent yet. */
  readonly mostBehind: number;
}

/** Calls `send` at a steady rate. Where it says no, the rest waits for the next tick; nothing is left out. */
export function pace({ rate, seconds }: Pacing, send: (index: number) => boolean): Promise<Paced> {
  const all = Math.round(rate * seconds);
  const begin = performance.now();
  /** A rate that cannot be had must end too. */
  const last = begin + seconds * 1_500 + 5_000;
  let sent = 0;
  let mostBehind = 0;
  return new Promise((resolve) => {
    const tick = (): void => {
      const now = performance.now();
      const due = Math.min(all, Math.floor(((now - begin) / 1_000) * rate) + 1);
      while (sent < due && send(sent)) sent++;
      if (due - sent > mostBehind) mostBehind = due - sent;
      if (sent < all && now < last) setTimeout(tick, TICK_MS);
      else resolve({ sent, seconds: (performance.now() - begin) / 1_000, mostBehind });
    };
    tick();
  });
}
