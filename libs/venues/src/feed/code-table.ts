/** Finds what belongs to a code by the code's bytes in a message, without making a string of them. */
export class CodeTable<T> {
  private slots: ({ readonly bytes: Uint8Array; readonly value: T } | undefined)[] = new Array(64).fill(undefined);
  private count = 0;

  add(code: string, value: T): void {
    if (++this.count * 4 > this.slots.length) this.grow();
    this.place({ bytes: Uint8Array.from(code, (char) => char.charCodeAt(0)), value });
  }

  find(bytes: Uint8Array, from: number, to: number): T | undefined {
    const { slots } = this;
    const mask = slots.length - 1;
    let hash = 0;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot];
      if (entry === undefined) return undefined;
      if (same(entry.bytes, bytes, from, to)) return entry.value;
    }
  }

  clear(): void {
    this.slots.fill(undefined);
    this.count = 0;
  }

  private place(entry: { readonly bytes: Uint8Array; readonly value: T }): void {
    const mask = this.slots.length - 1;
    let hash = 0;
    for (const byte of entry.bytes) hash = (Math.imul(hash, 31) + byte) | 0;
    let slot = hash & mask;
    while (this.slots[slot] !== undefined) slot = (slot + 1) & mask;
    this.slots[slot] = entry;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Array(old.length * 4).fill(undefined);
    for (const entry of old) if (entry !== undefined) this.place(entry);
  }
}

function same(code: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (code.length !== to - from) return false;
  for (let i = 0; i < code.length; i++) if (code[i] !== bytes[from + i]) return false;
  return true;
}
