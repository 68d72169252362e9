import { CATALOG, SESSION_ID } from '../contracts/index.ts';

/** Which event is meant, before anybody has looked whether it is there. */
export type EventRef = { readonly session: string | null } & (
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'end'; readonly which: 'first' | 'last' }
  /** So many positions before the last. */
  | { readonly kind: 'back'; readonly by: number }
  /** The last event stored up to then; a time of day belongs to the session's newest such time. */
  | { readonly kind: 'time'; readonly micros: number }
  | { readonly kind: 'time-of-day'; readonly micros: number }
  | { readonly kind: 'type'; readonly type: string; readonly which: 'first' | 'last' }
);

/** What was written is no event, whatever the journal holds. */
export class NotAnEvent extends Error {
  override readonly name = 'NotAnEvent';
}

export const EVENT_FORMS =
  '[session:]position, first, last, -1000 (before the last), a time such as 2026-11-20T07:18:01Z or 07:18:01, or fill:last';

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const TIME_OF_DAY = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?Z?$/;
const OF_TYPE = /^([a-z0-9.]+):(first|last)$/;

/** Times without a zone are UTC. */
export function parseEventRef(text: string): EventRef {
  const whole = within(text);
  if (whole !== null) return { session: null, ...whole };
  const colon = text.indexOf(':');
  const session = text.slice(0, colon);
  if (colon > 0 && SESSION_ID.test(session)) {
    const inner = within(text.slice(colon + 1));
    if (inner !== null) return { session, ...inner };
  }
  throw new NotAnEvent(`"${text}" is no event: expected ${EVENT_FORMS}`);
}

type Inner = EventRef extends infer R ? (R extends { session: unknown } ? Omit<R, 'session'> : never) : never;

function within(text: string): Inner | null {
  if (text === 'first' || text === 'last') return { kind: 'end', which: text };
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'position', position: Number(text) };
  if (/^-\d{1,16}$/.test(text)) return { kind: 'back', by: Number(text.slice(1)) };
  const day = TIME_OF_DAY.exec(text);
  if (day !== null) return timeOfDay(day);
  const date = DATE_TIME.exec(text);
  if (date !== null) return dateTime(date);
  const type = OF_TYPE.exec(text);
  if (type === null) return null;
  if (!Object.hasOwn(CATALOG, type[1] as string))
    throw new NotAnEvent(`"${text}": there is no event type ${type[1]}; there are ${Object.keys(CATALOG).join(', ')}`);
  return { kind: 'type', type: type[1] as string, which: type[2] as 'first' | 'last' };
}

function timeOfDay([text, hours, minutes, seconds = '0', fraction = '']: RegExpExecArray): Inner {
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (h > 23 || m > 59 || s > 59) throw new NotAnEvent(`"${text}" is no time of day`);
  return { kind: 'time-of-day', micros: (h * 3_600 + m * 60 + s) * 1_000_000 + Number(fraction.padEnd(6, '0')) };
}

function dateTime([text, date, hours = '00', minutes = '00', seconds = '00', fraction = '', zone = 'Z']: RegExpExecArray): Inner {
  const ms = Date.parse(`${date}T${hours}:${minutes}:${seconds}${zone}`);
  // A month's 30th or 31st that it does not have would be read as a day of the next month.
  if (Number.isNaN(ms) || new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date)
    throw new NotAnEvent(`"${text}" is no time: no such date or hour`);
  return { kind: 'time', micros: ms * 1_000 + Number(fraction.padEnd(6, '0')) };
}
