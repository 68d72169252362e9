/** What a row must be: at most or at least this, of the value itself or of its ratio to the peer. */
export interface Must {
  readonly of: 'value' | 'ratio';
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
}

/** One measured number, with what it was measured against in the same run. */
export interface Row {
  readonly bench: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly must: Must | null;
  /** Null where nothing is asked of it. */
  readonly met: boolean | null;
  /** What a reader must know to judge it. */
  readonly note: string;
}

export interface RowParts {
  readonly peer?: number;
  /** Where it is not value over peer: the median of the pairs of interleaved runs. */
  readonly ratio?: number;
  readonly must?: Must;
  readonly note?: string;
}

export function row(bench: string, name: string, value: number, unit: string, parts: RowParts = {}): Row {
  const peer = parts.peer ?? null;
  const ratio = parts.ratio ?? (peer === null ? null : value / peer);
  const must = parts.must ?? null;
  return { bench, name, value, unit, peer, ratio, must, met: must === null ? null : meets(must, value, ratio), note: parts.note ?? '' };
}

/** A number that could not be had (NaN) never meets anything. */
function meets(must: Must, value: number, ratio: number | null): boolean {
  const found = must.of === 'value' ? value : ratio;
  if (found === null) throw new Error(`a ratio must be ${must.bound} ${must.limit}, but nothing was measured to compare with`);
  return must.bound === 'at most' ? found <= must.limit : found >= must.limit;
}

export function atMost(limit: number, of: Must['of'] = 'value'): Must {
  return { of, bound: 'at most', limit };
}

export function atLeast(limit: number, of: Must['of'] = 'value'): Must {
  return { of, bound: 'at least', limit };
}
