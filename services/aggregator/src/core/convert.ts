/** Powers of ten that a double holds exactly. */
const POWERS: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const DIGITS = 12;

/**
 * A price in the numeraire, at 12 significant digits: more than any venue quotes, few enough that the same price always
 * has the same short text. Only exact powers and `* /` are used, so every engine gives the same bits.
 */
export function converted(price: number, rate: number): number {
  return rate === 1 ? price : significant(price / rate);
}

export function significant(value: number): number {
  if (!(value >= 1e-10 && value < 1e12)) return Number(value.toPrecision(DIGITS));
  let scale = DIGITS - 1;
  if (value >= 1) for (let i = 1; i < DIGITS && value >= (POWERS[i] as number); i++) scale--;
  else for (let shifted = value; shifted < 1; shifted = value * (POWERS[scale - DIGITS + 1] as number)) scale++;
  const power = POWERS[scale] as number;
  return Math.round(value * power) / power;
}
