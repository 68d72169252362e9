import type { Move } from './rebalance.ts';
import type { UsualPremiums } from './usual-premium.ts';

/** A coin that could be entered but for the number of trips: while it stands, a better one goes first. */
export interface Standing {
  readonly score: number;
  readonly until: number;
}

export interface CoinState {
  /** No entry before. */
  restUntil: number;
  /** In the numeraire, as the last book of it showed. */
  mid: number | null;
  standing: Standing | null;
  /** Null until a book of it was seen. */
  premiums: UsualPremiums | null;
  /** When each refusal of each route was last said. */
  readonly said: Map<string, number>;
}

export function newCoinState(): CoinState {
  return { restUntil: 0, mid: null, standing: null, premiums: null, said: new Map() };
}

/** Above what all routes of a coin can be refused for at once only in theory; then the oldest are forgotten. */
const MOST_SAID = 512;

type Saying = { readonly said: Map<string, number> };

export function wouldSay({ said }: Saying, key: string, now: number, quietMicros: number): boolean {
  const last = said.get(key);
  return last === undefined || now - last >= quietMicros;
}

/** The same refusal of the same route is said once in a while: enough for `why-not`, too little to flood the stream. */
export function maySay(saying: Saying, key: string, now: number, quietMicros: number): boolean {
  if (!wouldSay(saying, key, now, quietMicros)) return false;
  const { said } = saying;
  said.delete(key);
  if (said.size >= MOST_SAID) said.delete(said.keys().next().value as string);
  said.set(key, now);
  return true;
}

/** What is known of moving one currency between venues. */
export interface MoveState {
  /** Asked for or under way. */
  move: Move | null;
  /** Not looked at again before, unless a balance has changed; and none is asked for before `restUntil`. */
  lookAt: number;
  restUntil: number;
  balancesSaid: number;
  readonly said: Map<string, number>;
}

export function newMoveState(): MoveState {
  return { move: null, lookAt: 0, restUntil: 0, balancesSaid: -1, said: new Map() };
}
