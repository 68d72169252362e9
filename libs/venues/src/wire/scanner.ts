/** Exact in a double, like every power of ten up to 10^22: one division of two exact numbers is rounded correctly. */
const POWERS = new Float64Array(Array.from({ length: 23 }, (_, i) => Number(`1e${i}`)));
const FIFTEEN_DIGITS = 1e15;
/** As many digits always fit into an int32, whose arithmetic is several times faster than that of doubles. */
const INT_DIGITS = 9;

const ZERO = 48;
const DOT = 46;
const QUOTE = 34;

/** Text that is compared four bytes at a time. */
export interface Literal {
  readonly length: number;
  readonly words: Uint32Array;
  readonly rest: Uint8Array;
}

export function literal(text: string): Literal {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const words = Uint32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(i * 4, true));
  return { length: bytes.length, words, rest: bytes.slice(words.length * 4) };
}

/**
 * Walks over the bytes of a message whose layout is known. It takes exactly what JSON would take, and less: at anything
 * unexpected it says false and the caller reads the message again the long way.
 */
export class Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the message begins in the view, which is of the whole memory behind it: many messages share that. */
  private offset = 0;
  at = 0;
  end = 0;
  /** Of the last number: its value where `long` is false; where it stands in the bytes. */
  value = 0;
  long = false;
  from = 0;

  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    if (bytes.buffer !== this.view.buffer) this.view = new DataView(bytes.buffer);
    this.offset = bytes.byteOffset;
    this.at = 0;
    this.end = bytes.length;
  }

  literal({ length, words, rest }: Literal): boolean {
    let at = this.at;
    const after = at + length;
    if (after > this.end) return false;
    const { view, bytes, offset } = this;
    for (let i = 0; i < words.length; i++, at += 4) if (view.getUint32(offset + at, true) !== words[i]) return false;
    for (let i = 0; i < rest.length; i++) if (bytes[at + i] !== rest[i]) return false;
    this.at = after;
    return true;
  }

  byte(value: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== value) return false;
    this.at++;
    return true;
  }

  peek(): number {
    return this.at < this.end ? (this.bytes[this.at] as number) : -1;
  }

  done(): boolean {
    return this.at === this.end;
  }

  /** A whole number below 2^53, without sign or exponent. */
  whole(): boolean {
    const { bytes, end } = this;
    let at = this.at;
    let value = 0;
    this.from = at;
    for (let digit = 0; at < end; at++) {
      digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const length = at - this.from;
    if (length === 0 || (length > 1 && bytes[this.from] === ZERO) || value > Number.MAX_SAFE_INTEGER) return false;
    this.at = at;
    this.value = value;
    return true;
  }

  /** A decimal without sign. `long` is set for more than 15 significant digits: then `value` is not to be used. */
  decimal(): boolean {
    const { bytes, end } = this;
    const from = this.at;
    let at = from;
    let whole = 0;
    let char = 0;
    for (; at < end; at++) {
      char = bytes[at] as number;
      if (char < ZERO || char > 57) break;
      whole = (Math.imul(whole, 10) + (char - ZERO)) | 0;
    }
    const wholeDigits = at - from;
    if (wholeDigits === 0 || (wholeDigits > 1 && bytes[from] === ZERO)) return false;
    let fraction = 0;
    let scale = 0;
    if (at < end && char === DOT) {
      const first = ++at;
      for (; at < end; at++) {
        char = bytes[at] as number;
        if (char < ZERO || char > 57) break;
        fraction = (Math.imul(fraction, 10) + (char - ZERO)) | 0;
      }
      scale = at - first;
      if (scale === 0) return false;
    }
    this.from = from;
    if (wholeDigits > INT_DIGITS || scale > INT_DIGITS || (char | 32) === 101) return this.rareDecimal();
    this.at = at;
    if (scale === 0) {
      this.value = whole;
      this.long = false;
      return true;
    }
    const power = POWERS[scale] as number;
    const mantissa = whole * power + fraction;
    this.value = mantissa / power;
    this.long = mantissa >= FIFTEEN_DIGITS;
    return true;
  }

  /** Many digits or an exponent. */
  private rareDecimal(): boolean {
    const { bytes, end } = this;
    let at = this.from;
    let mantissa = 0;
    let scale = 0;
    let dot = -1;
    for (; at < end; at++) {
      const char = bytes[at] as number;
      if (char === DOT && dot < 0) dot = at;
      else if (char < ZERO || char > 57) break;
      else mantissa = mantissa * 10 + (char - ZERO);
    }
    if (dot >= 0) scale = at - dot - 1;
    if (at < end && ((bytes[at] as number) | 32) === 101) {
      at++;
      const sign = bytes[at] === 45 ? -1 : 1;
      if (at < end && (bytes[at] === 43 || bytes[at] === 45)) at++;
      const first = at;
      let exponent = 0;
      for (; at < end && at - first < 4; at++) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit < 0 || digit > 9) break;
        exponent = exponent * 10 + digit;
      }
      if (at === first) return false;
      scale -= sign * exponent;
    }
    this.at = at;
    // Below 10^15 it has never been rounded on the way: it only grew.
    this.long = mantissa >= FIFTEEN_DIGITS || scale > 22 || scale < -22;
    if (scale >= 0) this.value = mantissa / (POWERS[Math.min(22, scale)] as number);
    else {
      this.value = mantissa * (POWERS[Math.min(22, -scale)] as number);
      // A product of two exact numbers is exact only while it stays small.
      if (this.value >= Number.MAX_SAFE_INTEGER) this.long = true;
    }
    return true;
  }

  /** Of the last number. */
  text(): string {
    return this.slice(this.from, this.at);
  }

  slice(from: number, to: number): string {
    let text = '';
    for (let i = from; i < to; i++) text += String.fromCharCode(this.bytes[i] as number);
    return text;
  }

  /** To the next quote, over letters, digits and a few signs that need no escape. */
  plainWord(): boolean {
    const { bytes, end } = this;
    let at = this.at;
    this.from = at;
    while (at < end) {
      const char = bytes[at] as number;
      if (char === QUOTE) break;
      if (char < 33 || char > 126 || char === 92) return false;
      at++;
    }
    if (at === end || at === this.from) return false;
    this.at = at;
    return true;
  }
}
