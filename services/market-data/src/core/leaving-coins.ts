/** Beyond the longest time that a round trip is held: closing one may take a few tries. */
const ROOM_MS = 300_000;

/**
 * Coins that have left the universe: nothing is entered in them any more, but what is open in them can only be closed
 * while their books come. So they are watched on for as long as a round trip may be open.
 */
export class LeavingCoins {
  private readonly keepMs: number;
  /** By coin: until when it is watched. */
  private readonly until = new Map<string, number>();

  /** Null: nothing is traded in this session. */
  constructor(maxHoldSeconds: number | null) {
    this.keepMs = maxHoldSeconds === null ? 0 : maxHoldSeconds * 1_000 + ROOM_MS;
  }

  /** The universe has changed. */
  left(before: readonly string[], now: readonly string[], nowMs: number): void {
    for (const coin of before) if (!now.includes(coin)) this.until.set(coin, nowMs + this.keepMs);
    for (const coin of now) this.until.delete(coin);
  }

  /** True where one need not be watched any more. */
  forget(nowMs: number): boolean {
    let any = false;
    for (const [coin, until] of this.until) if (until <= nowMs) any = this.until.delete(coin) || any;
    return any;
  }

  coins(): readonly string[] {
    return [...this.until.keys()];
  }
}
