/** An exact decimal number: `units / 10^scale`. Immutable. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** How a result that needs more digits than there are is brought back: half to even, towards zero, away from zero. */
export type Rounding = 'even' | 'down' | 'up';

/** Far above what money needs; a scale beyond it is a calculation that forgot to round. */
const MAX_SCALE = 72;
const PLAIN = /^(-?)(\d{1,60})(?:\.(\d{1,60}))?$/;
const POWERS: bigint[] = [1n];

function powerOfTen(exponent: number): bigint {
  for (let i = POWERS.length; i <= exponent; i++) POWERS.push((POWERS[i - 1] as bigint) * 10n);
  return POWERS[exponent] as bigint;
}

export function decimal(units: bigint, scale: number): Decimal {
  if (!Number.isInteger(scale) || scale < 0 || scale > MAX_SCALE)
    throw new RangeError(`decimal: expected a scale from 0 to ${MAX_SCALE}, found ${scale}; round before going on calculating`);
  return { units, scale };
}

export const ZERO: Decimal = decimal(0n, 0);

export function parseDecimal(text: string): Decimal {
  const parts = PLAIN.exec(text);
  if (parts === null)
    throw new RangeError(`decimal: expected plain decimal text such as -12.50, found ${JSON.stringify(text.slice(0, 80))}`);
  const fraction = parts[3] ?? '';
  const units = BigInt((parts[2] as string) + fraction);
  return decimal(parts[1] === '-' ? -units : units, fraction.length);
}

/** Shortest plain text: no exponent, no zeros at the end of a fraction, no minus before zero. */
export function formatDecimal(value: Decimal): string {
  const negative = value.units < 0n;
  let digits = (negative ? -value.units : value.units).toString();
  if (value.scale > 0) {
    digits = digits.padStart(value.scale + 1, '0');
    const whole = digits.slice(0, digits.length - value.scale);
    let end = digits.length;
    while (end > whole.length && digits.charCodeAt(end - 1) === 48) end--;
    digits = end === whole.length ? whole : `${whole}.${digits.slice(whole.length, end)}`;
  }
  return negative ? `-${digits}` : digits;
}

/** The decimal that a number's shortest round-trip text says: 0.1 is exactly 0.1. */
export function fromNumber(value: number): Decimal {
  if (!Number.isFinite(value)) throw new RangeError(`decimal: expected a finite number, found ${value}`);
  const text = String(value);
  const e = text.indexOf('e');
  if (e < 0) {
    // Every level of a book comes this way: the text of a number needs no checking.
    const dot = text.indexOf('.');
    return dot < 0 ? decimal(BigInt(text), 0) : decimal(BigInt(text.slice(0, dot) + text.slice(dot + 1)), text.length - dot - 1);
  }
  const mantissa = parseDecimal(text.slice(0, e));
  const scale = mantissa.scale - Number(text.slice(e + 1));
  return scale >= 0 ? decimal(mantissa.units, scale) : decimal(mantissa.units * powerOfTen(-scale), 0);
}

/** For display and for numbers that stand beside a decision; never for what is booked. */
export function toNumber(value: Decimal): number {
  return Number(formatDecimal(value));
}

function unitsAt(value: Decimal, scale: number): bigint {
  return scale === value.scale ? value.units : value.units * powerOfTen(scale - value.scale);
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return decimal(unitsAt(a, scale) + unitsAt(b, scale), scale);
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return decimal(unitsAt(a, scale) - unitsAt(b, scale), scale);
}

export function negate(a: Decimal): Decimal {
  return decimal(-a.units, a.scale);
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return decimal(a.units * b.units, a.scale + b.scale);
}

export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale);
  const right = unitsAt(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function sign(a: Decimal): -1 | 0 | 1 {
  return a.units < 0n ? -1 : a.units > 0n ? 1 : 0;
}

export function least(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) <= 0 ? a : b;
}

export function greatest(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

export function absolute(a: Decimal): Decimal {
  return a.units < 0n ? negate(a) : a;
}

/** `dividend / divisor` as a whole number. */
function quotient(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const whole = dividend / divisor;
  const rest = dividend % divisor;
  if (rest === 0n || rounding === 'down') return whole;
  const away = dividend < 0n === divisor < 0n ? 1n : -1n;
  if (rounding === 'up') return whole + away;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const size = divisor < 0n ? -divisor : divisor;
  return twice > size || (twice === size && whole % 2n !== 0n) ? whole + away : whole;
}

export function divide(a: Decimal, b: Decimal, scale: number, rounding: Rounding = 'even'): Decimal {
  if (b.units === 0n) throw new RangeError(`decimal: ${formatDecimal(a)} was to be divided by zero`);
  // a/b at `scale` = a.units · 10^(scale + b.scale) / (b.units · 10^a.scale)
  return decimal(quotient(a.units * powerOfTen(scale + b.scale), b.units * powerOfTen(a.scale), rounding), scale);
}

export function round(a: Decimal, scale: number, rounding: Rounding = 'even'): Decimal {
  if (a.scale <= scale) return a;
  return decimal(quotient(a.units, powerOfTen(a.scale - scale), rounding), scale);
}

/** The nearest whole multiple of a step towards zero, or away from it: 0.127 in steps of 0.05 is 0.1, or 0.15. */
export function toStep(a: Decimal, step: Decimal, rounding: 'down' | 'up'): Decimal {
  if (step.units <= 0n) throw new RangeError(`decimal: expected a step above 0, found ${formatDecimal(step)}`);
  if (step.units === 1n && a.scale <= step.scale) return a;
  return multiply(divide(a, step, 0, rounding), step);
}
