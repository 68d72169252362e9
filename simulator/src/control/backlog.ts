/** More than this is not kept for anyone. */
const MOST_BYTES = 64 * 1024 * 1024;

interface Kept {
  readonly frame: Buffer;
  readonly due: number;
}

/** Frames on their way to a client, in their order: late, or no faster than so many bytes a second. */
export class Backlog {
  /** Null: as fast as they are due. */
  bytesPerSecond: number | null = null;
  mostBytes = MOST_BYTES;
  private kept: Kept[] = [];
  private bytes = 0;
  private budget = 0;
  private drainedAt: number;

  constructor(now: number) {
    this.drainedAt = now;
  }

  get empty(): boolean {
    return this.kept.length === 0;
  }

  /** False: there is no room for it. */
  push(frame: Buffer, due: number): boolean {
    if (this.bytes + frame.length > Math.min(this.mostBytes, MOST_BYTES)) return false;
    this.kept.push({ frame, due: Math.max(due, this.kept.at(-1)?.due ?? 0) });
    this.bytes += frame.length;
    return true;
  }

  /** What may go now. */
  drain(now: number): readonly Buffer[] {
    const { bytesPerSecond } = this;
    if (bytesPerSecond !== null) this.budget = Math.min(bytesPerSecond, this.budget + ((now - this.drainedAt) * bytesPerSecond) / 1_000);
    this.drainedAt = now;
    let count = 0;
    for (const { frame, due } of this.kept) {
      if (due > now || (bytesPerSecond !== null && this.budget <= 0)) break;
      this.budget -= frame.length;
      this.bytes -= frame.length;
      count++;
    }
    if (count === 0) return [];
    return this.kept.splice(0, count).map(({ frame }) => frame);
  }
}
