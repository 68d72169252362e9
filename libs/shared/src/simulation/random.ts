/** Numbers from a seed (sfc32): the same seed gives the same numbers on every machine. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  constructor(readonly seed: string) {
    this.a = hash(seed, 0x9e3779b9);
    this.b = hash(seed, 0x85ebca6b);
    this.c = hash(seed, 0xc2b2ae35);
    for (let i = 0; i < 12; i++) this.bits();
  }

  private bits(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    return this.bits() / 4294967296;
  }

  /** Whole, in [0, end). */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('pick: expected a list with something in it, found an empty one');
    return list[this.below(list.length)] as T;
  }

  /** Mostly near `least`, now and then up to `most`, as latencies are. */
  delay(range: Range): number {
    const u = this.next();
    return Math.round(range.least + (range.most - range.least) * u * u * u);
  }

  /** Another sequence that does not depend on how much was drawn from this one. */
  fork(name: string): Random {
    return new Random(`${this.seed}/${name}`);
  }
}

/** Both ends included. The unit is in the name of the field that holds it. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

export function hash(text: string, start: number): number {
  let h = start | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
