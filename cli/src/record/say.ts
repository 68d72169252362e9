/** 07:18:01.123, UTC. */
export function timeOf(micros: number): string {
  return new Date(micros / 1_000).toISOString().slice(11, 23);
}

export function dateTimeOf(micros: number): string {
  return new Date(micros / 1_000).toISOString();
}

const DIGITS = 7;

/** As many digits as a person reads; whole numbers and texts stay as they are. */
export function numberText(value: string | number | boolean | null): string {
  if (typeof value !== 'number' || Number.isInteger(value)) return value === null ? '-' : String(value);
  return String(Number(value.toPrecision(DIGITS)));
}

export function fieldsText(fields: Readonly<Record<string, string | number | boolean | null>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${numberText(value)}`)
    .join(', ');
}

export function msText(ms: number): string {
  if (Math.abs(ms) < 1_000) return `${Number(ms.toFixed(2))} ms`;
  if (Math.abs(ms) < 120_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  return `${Math.round(ms / 60_000)} min`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}`;
}
