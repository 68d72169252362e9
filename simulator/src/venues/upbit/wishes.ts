/** What a client asks for in one request, which replaces what it asked for before. */
export interface Wish {
  readonly type: 'orderbook' | 'trade' | 'ticker';
  readonly code: string;
  readonly depth: number;
  readonly snapshot: boolean;
  readonly realtime: boolean;
}

export interface Wishes {
  readonly format: 'DEFAULT' | 'SIMPLE';
  /** Each message wrapped in a list. */
  readonly list: boolean;
  readonly wishes: readonly Wish[];
}

export interface Refused {
  readonly name: 'WRONG_FORMAT' | 'NO_TICKET' | 'NO_TYPE' | 'NO_CODES' | 'INVALID_PARAM';
  readonly message: string;
}

const FORMATS = ['DEFAULT', 'SIMPLE', 'JSON_LIST', 'SIMPLE_LIST'];
const TYPES = ['orderbook', 'trade', 'ticker'];
const DEPTHS = [1, 5, 15, 30];
const MOST_PARTS = 32;
const MOST_CODES = 2_000;
const SUFFIXED = /^([A-Z0-9]+-[A-Z0-9]+)(?:\.(\d{1,3}))?$/;

type Part = Readonly<Record<string, unknown>>;

/** Unknown codes are left out without a word, as Upbit does. */
export function wishesOf(text: string): Wishes | Refused {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return refuse('WRONG_FORMAT', 'Format이 맞지 않습니다.');
  }
  if (!Array.isArray(parts) || parts.length > MOST_PARTS || !parts.every(isPart)) return refuse('WRONG_FORMAT', 'Format이 맞지 않습니다.');
  const ticket = parts.find((part) => part.ticket !== undefined);
  if (ticket === undefined || typeof ticket.ticket !== 'string' || ticket.ticket === '')
    return refuse('NO_TICKET', '티켓이 존재하지 않습니다.');
  const format = parts.find((part) => part.format !== undefined)?.format ?? 'DEFAULT';
  if (!FORMATS.includes(format as string)) return refuse('INVALID_PARAM', 'format이 맞지 않습니다.');
  const asked = parts.filter((part) => part.ticket === undefined && part.format === undefined);
  if (asked.length === 0) return refuse('NO_TYPE', '타입이 존재하지 않습니다.');
  const wishes: Wish[] = [];
  for (const part of asked) {
    if (!TYPES.includes(part.type as string)) return refuse('NO_TYPE', '타입이 존재하지 않습니다.');
    if (!Array.isArray(part.codes) || part.codes.length === 0 || !part.codes.every((code) => typeof code === 'string'))
      return refuse('NO_CODES', '코드가 존재하지 않습니다.');
    if (wishes.length + part.codes.length > MOST_CODES) return refuse('INVALID_PARAM', `codes는 ${MOST_CODES}개를 넘을 수 없습니다.`);
    const onlySnapshot = part.is_only_snapshot === true || part.isOnlySnapshot === true;
    const onlyRealtime = part.is_only_realtime === true || part.isOnlyRealtime === true;
    for (const text of part.codes as readonly string[]) {
      const found = SUFFIXED.exec(text);
      if (found === null) continue;
      const depth = DEPTHS.includes(Number(found[2])) ? Number(found[2]) : 30;
      const type = part.type as Wish['type'];
      wishes.push({ type, code: found[1] as string, depth, snapshot: !onlyRealtime, realtime: !onlySnapshot });
    }
  }
  return { format: format === 'SIMPLE' || format === 'SIMPLE_LIST' ? 'SIMPLE' : 'DEFAULT', list: String(format).endsWith('_LIST'), wishes };
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(name: Refused['name'], message: string): Refused {
  return { name, message };
}
