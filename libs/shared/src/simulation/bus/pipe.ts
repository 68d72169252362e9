import type { Random } from '../random.ts';
import type { World } from '../world.ts';

interface Item {
  arriveAt: number;
  readonly sentAt: number;
  readonly arrive: () => void;
}

/** One direction of a connection: what is sent arrives in order, after a while, or is lost from the tail when it breaks. */
export class Pipe {
  private underway: Item[] = [];
  private stalledUntil = 0;

  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly latencyMicros: () => number,
  ) {}

  send(arrive: () => void): void {
    const now = this.world.now;
    const last = this.underway.at(-1);
    // What is sent in one go mostly travels in one packet.
    if (last !== undefined && last.sentAt === now && this.random.chance(0.8)) {
      this.underway.push({ arriveAt: last.arriveAt, sentAt: now, arrive });
      return;
    }
    const arriveAt = Math.max(now + this.latencyMicros(), last?.arriveAt ?? 0, this.stalledUntil);
    this.underway.push({ arriveAt, sentAt: now, arrive });
    this.world.at(arriveAt, this.flush);
  }

  private readonly flush = (): void => {
    let count = 0;
    while (count < this.underway.length && (this.underway[count] as Item).arriveAt <= this.world.now) count++;
    if (count === 0) return;
    for (const item of this.underway.splice(0, count)) item.arrive();
  };

  /** Nothing arrives until then; later it goes on in order. */
  stall(until: number): void {
    this.stalledUntil = Math.max(this.stalledUntil, until);
    this.retime((item) => Math.max(item.arriveAt, until));
  }

  /** A random prefix of what is underway still arrives, spread over `lateMicros`; the rest is lost. Returns how much was lost. */
  breakOff(lateMicros: number): number {
    const total = this.underway.length;
    const kept = this.random.below(total + 1);
    this.underway.length = kept;
    if (lateMicros > 0) {
      let at = this.world.now;
      this.retime((item) => {
        at = Math.max(item.arriveAt, at + this.random.below(Math.ceil(lateMicros / kept)));
        return at;
      });
    }
    return total - kept;
  }

  private retime(to: (item: Item) => number): void {
    let at = -1;
    for (const item of this.underway) {
      item.arriveAt = to(item);
      if (item.arriveAt !== at) this.world.at(item.arriveAt, this.flush);
      at = item.arriveAt;
    }
  }
}
