import { type Fault, type FaultKind, KINDS, type KindName } from './kinds.ts';

/** Whom a fault can befall. */
export interface Known {
  venues(): readonly string[];
  symbols(venue: string): readonly string[];
}

export class FaultError extends Error {
  override readonly name = 'FaultError';
}

const MOST_SECONDS = 86_400;
const DEFAULT_SECONDS = 10;
const DEFAULT_WORDS = ['WARNING'];
const WORD = /^[A-Z_]{1,40}$/;
const COIN = /^[A-Z0-9]{1,20}$/;
const ALWAYS = ['kind', 'venue', 'seconds', 'at'];

/** A fault as it was given, checked; `id` is the caller's. */
export function readFault(given: unknown, id: number, known: Known): Fault {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new FaultError(`expected a fault such as {"kind":"gap","venue":"binance","seconds":5}, found ${shown(given)}`);
  const fields = given as Readonly<Record<string, unknown>>;
  const { kind } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind))
    throw new FaultError(`kind: expected one of ${Object.keys(KINDS).join(', ')}, found ${shown(kind)}`);
  const rule: FaultKind = KINDS[kind as KindName];
  const venue = fields.venue ?? (kind.startsWith('fx-') ? 'bank' : undefined);
  if (typeof venue !== 'string' || !known.venues().includes(venue))
    throw new FaultError(`venue: expected one of ${known.venues().join(', ')}, found ${shown(venue)}`);
  const allowed = [
    ...ALWAYS,
    ...(rule.symbol === 'never' ? [] : ['symbol']),
    ...(rule.coin ? ['coin'] : []),
    ...(rule.words ? ['words'] : []),
    ...Object.keys(rule.numbers),
  ];
  const strange = Object.keys(fields).find((name) => !allowed.includes(name));
  if (strange !== undefined) throw new FaultError(`${strange}: a ${kind} has ${allowed.join(', ')}, and nothing of that name`);
  const numbers = Object.fromEntries(
    Object.entries(rule.numbers).map(([name, { says, from, to, otherwise }]) => [
      name,
      numberOf(fields[name], name, says, from, to, otherwise),
    ]),
  );
  if (kind === 'too-many' && numbers.status !== 429 && numbers.status !== 418)
    throw new FaultError(`status: expected 429 or 418, found ${shown(fields.status)}`);
  return {
    id,
    kind: kind as KindName,
    venue,
    symbol: symbolOf(fields.symbol, rule, venue, known),
    coin: rule.coin ? coinOf(fields.coin) : null,
    words: rule.words ? wordsOf(fields.words) : [],
    seconds: numberOf(fields.seconds, 'seconds', 'how long it lasts', 0.001, MOST_SECONDS, DEFAULT_SECONDS),
    at: numberOf(fields.at, 'at', 'when it begins, in seconds', 0, MOST_SECONDS, 0),
    numbers,
  };
}

function numberOf(value: unknown, name: string, says: string, from: number, to: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && value >= from && value <= to) return value;
  throw new FaultError(`${name} (${says}): expected a number from ${from} to ${to}, found ${shown(value)}`);
}

function symbolOf(value: unknown, { symbol }: FaultKind, venue: string, known: Known): string | null {
  if (value === undefined && symbol !== 'must') return null;
  const symbols = known.symbols(venue);
  if (typeof value === 'string' && symbols.includes(value)) return value;
  const some = `${symbols.slice(0, 5).join(', ')}${symbols.length > 5 ? ', …' : ''}`;
  throw new FaultError(`symbol: expected a pair of ${venue} (${some}), found ${shown(value)}`);
}

function coinOf(value: unknown): string {
  if (typeof value === 'string' && COIN.test(value)) return value;
  throw new FaultError(`coin: expected one such as BTC, found ${shown(value)}`);
}

function wordsOf(value: unknown): readonly string[] {
  if (value === undefined) return DEFAULT_WORDS;
  if (Array.isArray(value) && value.length > 0 && value.length <= 8 && value.every((word) => typeof word === 'string' && WORD.test(word)))
    return value as readonly string[];
  throw new FaultError(`words: expected a few of the venue's own such as ["WARNING"] or ["HALT"], found ${shown(value)}`);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
}
