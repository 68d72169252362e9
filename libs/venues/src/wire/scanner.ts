/** Exact in a double, like every power of ten up to 10^22: one division of two exact numbers is rounded correctly. */
const POWERS = new Float64Array(Array.from({ length: 23 }, (_, i) => Number(`1e${i}`)));
const FIFTEEN_DIGITS = 1e15;

const ZERO = 48;
const NINE = 57;
const DOT = 46;
const QUOTE = 34;

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/**
 * Walks over the bytes of a message whose layout is known. It takes exactly what JSON would take, and less: at anything
 * unexpected it says false and the caller reads the message again the long way.
 */
export class Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** Of the last number: its value where `long` is false; where it stands in the bytes. */
  value = 0;
  long = false;
  from = 0;

  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  literal(text: Uint8Array): boolean {
    const { bytes } = this;
    const { length } = text;
    const at = this.at;
    if (at + length > this.end) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
    this.at = at + length;
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
    if (!this.decimal()) return false;
    return !this.long && Number.isSafeInteger(this.value);
  }

  /** A decimal without sign. `long` is set for more than 15 significant digits: then `value` is not to be used. */
  decimal(): boolean {
    const { bytes, end } = this;
    let at = this.at;
    this.from = at;
    if (at >= end) return false;
    let mantissa = 0;
    let char = bytes[at] as number;
    if (char === ZERO) {
      char = ++at < end ? (bytes[at] as number) : 0;
      if (char >= ZERO && char <= NINE) return false;
    } else {
      if (char < ZERO || char > NINE) return false;
      do {
        mantissa = mantissa * 10 + (char - ZERO);
        char = ++at < end ? (bytes[at] as number) : 0;
      } while (char >= ZERO && char <= NINE);
    }
    let scale = 0;
    if (char === DOT) {
      const first = at + 1;
      char = ++at < end ? (bytes[at] as number) : 0;
      while (char >= ZERO && char <= NINE) {
        mantissa = mantissa * 10 + (char - ZERO);
        char = ++at < end ? (bytes[at] as number) : 0;
      }
      scale = at - first;
      if (scale === 0) return false;
    }
    if ((char | 32) === 101) {
      let sign = 1;
      char = ++at < end ? (bytes[at] as number) : 0;
      if (char === 43 || char === 45) {
        if (char === 45) sign = -1;
        char = ++at < end ? (bytes[at] as number) : 0;
      }
      const first = at;
      let exponent = 0;
      while (char >= ZERO && char <= NINE && at - first < 4) {
        exponent = exponent * 10 + (char - ZERO);
        char = ++at < end ? (bytes[at] as number) : 0;
      }
      if (at === first) return false;
      scale -= sign * exponent;
    }
    this.at = at;
    // Below 10^15 it has never been rounded on the way: it only grew.
    this.long = mantissa >= FIFTEEN_DIGITS || scale > 22 || scale < -22;
    if (scale > 0) this.value = mantissa / (POWERS[scale] as number);
    else if (scale === 0) this.value = mantissa;
    else {
      this.value = mantissa * (POWERS[-scale] as number);
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
