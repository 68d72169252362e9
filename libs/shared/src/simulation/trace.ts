import { hash } from './random.ts';

type Word = string | number;

/** What happened lately, for people, and a hash over all that ever happened, for the comparison of two runs. */
export class Trace {
  private readonly ring: (readonly [atMicros: number, who: string, what: string, words: readonly Word[]])[] = [];
  private next = 0;
  private a = 0x1234567;
  private b = 0x89abcde;
  count = 0;

  constructor(private readonly most = 400) {}

  add(atMicros: number, who: string, what: string, words: readonly Word[]): void {
    this.mix(atMicros);
    this.mix(hash(who, 1));
    this.mix(hash(what, 2));
    for (const word of words) this.mix(typeof word === 'number' ? word : hash(word, 3));
    // Words are put together only when somebody reads them.
    this.ring[this.next] = [atMicros, who, what, words];
    this.next = (this.next + 1) % this.most;
    this.count++;
  }

  mix(value: number): void {
    const low = value | 0;
    const high = (value / 4294967296) | 0;
    this.a = Math.imul(this.a ^ low, 0x01000193) + high;
    this.b = Math.imul((this.b + low) ^ (this.b >>> 15), 0x85ebca6b) ^ high;
  }

  hash(): string {
    const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
    return hex(this.a) + hex(this.b);
  }

  lines(): string[] {
    const ordered = this.ring.length < this.most ? this.ring : [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
    return ordered.map(([at, who, what, words]) =>
      `${(at / 1000).toFixed(3).padStart(12)} ms  ${who}  ${what} ${words.join(' ')}`.trimEnd(),
    );
  }
}
