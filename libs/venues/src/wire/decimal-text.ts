/** Decimals as a venue writes them: `1.16539E8`, `2.1E-7`, `61737.63000000`. Never negative here. */

const NUMBER = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
/** Numbers of a book beyond it are nonsense. */
const MOST_PLACES = 60;
const KEPT = 15;

/** The significant digits and the power of ten of the last one; null for what is no decimal. */
function digitsOf(text: string): { readonly digits: string; readonly exponent: number } | null {
  const parts = text.length > 100 ? null : NUMBER.exec(text);
  if (parts === null) return null;
  const fraction = parts[2] ?? '';
  const all = (parts[1] as string) + fraction;
  const digits = all.replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return { digits: '0', exponent: 0 };
  const exponent = Number(parts[3] ?? 0) - fraction.length + (digits.length - trimmed.length);
  return exponent > MOST_PLACES || exponent < -MOST_PLACES ? null : { digits: trimmed, exponent };
}

/** The same number as plain text: no exponent, no zeros at the end of a fraction. Null for what is no decimal. */
export function plainDecimal(text: string): string | null {
  const number = digitsOf(text);
  if (number === null) return null;
  const { digits, exponent } = number;
  if (exponent >= 0) return digits === '0' ? '0' : digits + '0'.repeat(exponent);
  const padded = digits.padStart(1 - exponent, '0');
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

export interface Rounded {
  readonly value: number;
  /** The text has more than 15 significant digits. */
  readonly long: boolean;
}

/** As a number of at most 15 significant digits, which JSON gives back as it was; what has more is brought to `side`. */
export function toFifteen(text: string, side: 'up' | 'down'): Rounded | null {
  const number = digitsOf(text);
  if (number === null) return null;
  const { digits, exponent } = number;
  if (digits.length <= KEPT) return { value: Number(`${digits}e${exponent}`), long: false };
  const head = Number(digits.slice(0, KEPT)) + (side === 'up' ? 1 : 0);
  return { value: Number(`${head}e${exponent + digits.length - KEPT}`), long: true };
}

/** A number of at most 15 significant digits as plain text, without an exponent. */
export function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e') ? (plainDecimal(text) ?? text) : text;
}
