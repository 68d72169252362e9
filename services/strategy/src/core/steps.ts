import { formatDecimal, fromNumber, parseDecimal, round } from '@arb/shared/money';

/** What quantities or prices are whole multiples of: `units / 10^places`. */
export interface Step {
  readonly units: number;
  readonly places: number;
}

/** Powers of ten that a double holds exactly. */
const POWERS: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** As the venues book coins, where they have said nothing else. */
export const FINEST: Step = { units: 1, places: 8 };
/** A quantity that misses a whole step by less was that step: it came from dividing and multiplying. */
const NEARLY = 1e-6;

/** Null where it says no step a number can count in. */
export function stepOf(text: string): Step | null {
  const { units, scale } = parseDecimal(text);
  const whole = Number(units);
  return whole > 0 && Number.isSafeInteger(whole) && scale < POWERS.length ? { units: whole, places: scale } : null;
}

function scaleOf({ places }: Step): number {
  return POWERS[places] as number;
}

/** The smallest step that both go into: mostly the coarser one of the two. */
export function coarser(a: Step, b: Step): Step {
  const places = Math.max(a.places, b.places);
  const unitsA = a.units * (POWERS[places - a.places] as number);
  const unitsB = b.units * (POWERS[places - b.places] as number);
  let rest = unitsB;
  let divisor = unitsA;
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  const units = (unitsA / divisor) * unitsB;
  // Two steps that no exact number can bring together: the larger one, and the other venue says what it thinks of it.
  return Number.isSafeInteger(units) ? { units, places } : unitsA >= unitsB ? a : b;
}

export function roundDown(value: number, step: Step): number {
  const count = Math.floor((value * scaleOf(step)) / step.units + NEARLY);
  // Beyond what a number counts exactly, whole ones are fine enough.
  return count * step.units <= Number.MAX_SAFE_INTEGER ? (count * step.units) / scaleOf(step) : Math.floor(value);
}

export function roundUp(value: number, step: Step): number {
  const count = Math.ceil((value * scaleOf(step)) / step.units - NEARLY);
  return count * step.units <= Number.MAX_SAFE_INTEGER ? (count * step.units) / scaleOf(step) : Math.ceil(value);
}

/** As many digits after the point as an event may carry. */
const MOST_PLACES = 18;

/** At most 12 significant digits; of coins that cost next to nothing fewer. */
export function priceText(price: number): string {
  return formatDecimal(round(fromNumber(Number(price.toPrecision(12))), MOST_PLACES));
}

export function quantityText(quantity: number): string {
  return formatDecimal(fromNumber(quantity));
}
