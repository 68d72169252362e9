/** A number that a fault may be given. */
export interface NumberField {
  readonly says: string;
  readonly from: number;
  readonly to: number;
  readonly otherwise: number;
}

export interface FaultKind {
  readonly says: string;
  /** Whether it may name a pair: `BTC-KRW`. */
  readonly symbol: 'may' | 'must' | 'never';
  readonly coin?: true;
  readonly words?: true;
  readonly numbers: Readonly<Record<string, NumberField>>;
}

const share = (otherwise: number): NumberField => ({ says: 'share of the messages', from: 0, to: 1, otherwise });
const kind = (
  says: string,
  symbol: FaultKind['symbol'],
  numbers: FaultKind['numbers'] = {},
  more: Pick<FaultKind, 'coin' | 'words'> = {},
): FaultKind => ({
  says,
  symbol,
  numbers,
  ...more,
});

/** Everything that can be made to go wrong at a venue. */
export const KINDS = {
  drop: kind('messages are lost', 'may', { share: share(0.5) }),
  delay: kind('messages come late, in their order', 'may', { ms: { says: 'how late', from: 1, to: 60_000, otherwise: 1_000 } }),
  duplicate: kind('messages come twice', 'may', { share: share(1) }),
  reorder: kind('messages change places with the next of their pair', 'may', { share: share(0.3) }),
  gap: kind('the first books of each pair are lost, then all is as it was', 'may', {
    count: { says: 'books lost', from: 1, to: 10_000, otherwise: 3 },
  }),
  crossed: kind('books whose best bid stands above the best ask', 'may', { share: share(1) }),
  frozen: kind('the socket lives, and nothing of the market comes', 'may'),
  'half-open': kind('the sockets that are open say and hear nothing any more, and are cut at the end', 'never'),
  'planned-end': kind('the connections are announced to end, where the venue announces it, and then end', 'never'),
  cut: kind('the connections are gone at once; new ones are welcome', 'never'),
  garbage: kind('messages are torn and overwritten', 'may', { share: share(0.2) }),
  oversize: kind('one frame far too large for each client', 'never', {
    bytes: { says: 'its size', from: 1, to: 64 * 1024 * 1024, otherwise: 20 * 1024 * 1024 },
  }),
  clock: kind("the venue's clock is off", 'never', {
    ms: { says: 'ahead, or behind where negative', from: -3_600_000, to: 3_600_000, otherwise: 1_300 },
  }),
  'slow-reader': kind('the clients are taken to read no faster than this, and are disconnected when too much waits', 'never', {
    bytesPerSecond: { says: 'how fast', from: 1, to: 1e9, otherwise: 20_000 },
    mostBytes: { says: 'how much may wait', from: 1_024, to: 64 * 1024 * 1024, otherwise: 1024 * 1024 },
  }),
  down: kind('the venue refuses every connection and every request', 'never'),
  'too-many': kind('every request and every new socket is refused for its rate', 'never', {
    status: { says: '429 or 418', from: 418, to: 429, otherwise: 429 },
    retryAfter: { says: 'seconds that the answer tells to wait', from: 0, to: 86_400, otherwise: 1 },
  }),
  wallet: kind('a coin can be neither deposited nor withdrawn', 'never', {}, { coin: true }),
  'key-revoked': kind('who asks with a key is refused', 'never'),
  warning: kind('the venue warns of a pair', 'must', {}, { words: true }),
  'fx-gone': kind("the venue's rate between currencies is gone", 'never'),
  'fx-off': kind("the venue's rate between currencies is off", 'never', {
    percent: { says: 'by how much', from: -90, to: 900, otherwise: 10 },
  }),
} as const satisfies Record<string, FaultKind>;

export type KindName = keyof typeof KINDS;

export interface Fault {
  readonly id: number;
  readonly kind: KindName;
  readonly venue: string;
  readonly symbol: string | null;
  readonly coin: string | null;
  readonly words: readonly string[];
  /** How long it lasts. */
  readonly seconds: number;
  /** When it begins, seconds from when it is given; 0 at once. */
  readonly at: number;
  readonly numbers: Readonly<Record<string, number>>;
}
