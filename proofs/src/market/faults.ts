/** A fault as the simulator is told it, without its venue. */
export interface FaultWish {
  readonly kind: string;
  readonly [name: string]: unknown;
}

export interface NamedFault {
  readonly name: string;
  /** One of a venue; several begin and end together. */
  of(symbol: string): readonly FaultWish[];
  /** What is on its way when it ends goes on being late for so long. */
  readonly lingersMs?: number;
}

const plain = (kind: string, more: Readonly<Record<string, unknown>> = {}, name = kind): NamedFault => ({
  name,
  of: () => [{ kind, ...more }],
});

/** Everything that the simulator can do to a venue. The rate's own faults befall the book of USDT; the bank has no book. */
export const FAULTS: readonly NamedFault[] = [
  plain('drop'),
  { ...plain('delay', { ms: 1_000 }), lingersMs: 1_000 },
  { ...plain('delay', { ms: 8_000 }, 'delay of 8 s'), lingersMs: 8_000 },
  plain('duplicate'),
  plain('reorder'),
  plain('gap'),
  plain('crossed', { share: 0.3 }),
  plain('frozen'),
  { name: 'one pair frozen', of: (symbol) => [{ kind: 'frozen', symbol }] },
  plain('half-open'),
  plain('planned-end'),
  plain('cut'),
  plain('garbage'),
  plain('oversize'),
  plain('clock', { ms: 1_300 }, 'clock +1.3 s'),
  plain('clock', { ms: -1_300 }, 'clock -1.3 s'),
  plain('slow-reader', { bytesPerSecond: 2_000, mostBytes: 65_536 }),
  plain('down'),
  plain('too-many'),
  { name: 'cut and too-many', of: () => [{ kind: 'too-many', status: 429 }, { kind: 'cut' }] },
  { name: 'gap and 418', of: () => [{ kind: 'too-many', status: 418 }, { kind: 'gap' }] },
  plain('wallet', { coin: 'DOGE' }),
  plain('key-revoked'),
  { name: 'warning', of: (symbol) => [{ kind: 'warning', symbol }] },
  plain('fx-gone'),
  plain('fx-off'),
];
