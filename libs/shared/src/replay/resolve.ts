import { SESSION_ID } from '../contracts/index.ts';
import type { Archive } from '../journal/index.ts';
import type { SessionRow } from '../runtime/index.ts';
import { type EventRef, NotAnEvent, parseEventRef } from './event-ref.ts';

/** What was asked for is not in the journal; says what is. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

export interface EventPlace {
  readonly session: SessionRow;
  readonly position: number;
}

const DAY_MICROS = 86_400_000_000;
const SEARCHED = 100_000_000;

/** A session by its id, by an unambiguous beginning of it, or the present one: where none was recorded here, the one imported last. */
export async function resolveSession(archive: Archive, text?: string): Promise<SessionRow> {
  if (text === undefined || text === 'last') {
    const present = (await archive.currentSession()) ?? (await archive.list(1))[0] ?? null;
    if (present === null)
      throw new NotThere('there is no session yet: "npm start" begins one, "arb import" brings one from another machine');
    return whole(archive, present.id);
  }
  if (!SESSION_ID.test(text)) throw new NotThere(`no session ${JSON.stringify(text)} in the journal: "arb sessions" lists them`);
  if ((await archive.session(text)) !== null) return whole(archive, text);
  const alike = (await archive.list(1_000)).filter(({ id }) => id.startsWith(text));
  if (alike.length === 1) return whole(archive, (alike[0] as { id: string }).id);
  throw new NotThere(
    alike.length === 0
      ? `no session ${text} in the journal: "arb sessions" lists them`
      : `${text} could be ${alike
          .slice(0, 3)
          .map(({ id }) => id)
          .join(' or ')}: write more of it`,
  );
}

/** What an import that was killed has left is no session: it would be found in order as far as it goes. */
async function whole(archive: Archive, id: string): Promise<SessionRow> {
  const listed = await archive.listed(id);
  if (listed !== null && listed.importedAt !== null && listed.status !== 'ended')
    throw new NotThere(`${id} is being imported, or its import was broken off: wait for it, or import its file again`);
  return (await archive.session(id)) as SessionRow;
}

/** The event that is meant, certain to be there. `of`: the session that a text without one speaks of, and, with `only`, must speak of. */
export async function resolveEvent(
  archive: Archive,
  text: string,
  of?: { readonly session: SessionRow; readonly only?: boolean },
): Promise<EventPlace> {
  const ref = parseEventRef(text);
  const session = ref.session === null ? (of?.session ?? (await resolveSession(archive))) : await resolveSession(archive, ref.session);
  if (of?.only === true && session.id !== of.session.id)
    throw new NotThere(`${text} is an event of ${session.id}, and ${of.session.id} is what it is asked of: name an event of that one`);
  const span = await spanOf(archive, session);
  return { session, position: await positionOf(archive, session, ref, text, span) };
}

export interface Span {
  readonly kept: number;
  readonly head: number;
}

export async function spanOf(archive: Archive, session: SessionRow): Promise<Span> {
  const head = await archive.head(session.id);
  const kept = await archive.keptFrom(session.id);
  if (head === 0) throw new NotThere(`${session.id} has no events`);
  if (kept === null)
    throw new NotThere(
      `the events of ${session.id} were dropped by retention (its seals are still there); "arb storage" says what is kept`,
    );
  return { kept, head };
}

async function positionOf(archive: Archive, session: SessionRow, ref: EventRef, text: string, span: Span): Promise<number> {
  switch (ref.kind) {
    case 'end':
      return ref.which === 'first' ? span.kept : span.head;
    case 'position':
      return there(session, ref.position, span);
    case 'back':
      if (ref.by > span.head - span.kept)
        throw new NotThere(
          `"${text}" goes further back than ${session.id} does: its events are ${span.kept} to ${span.head}, so -${span.head - span.kept} is the furthest`,
        );
      return span.head - ref.by;
    case 'time':
      return atTime(archive, session, ref.micros, text, span);
    case 'time-of-day': {
      const last = (await archive.event(session.id, span.head))?.storedAt ?? 0;
      const midnight = last - (last % DAY_MICROS);
      const at = midnight + ref.micros;
      return atTime(archive, session, at > last ? at - DAY_MICROS : at, text, span);
    }
    case 'type': {
      const [found] = await archive.ofType(session, {
        types: [ref.type],
        window: SEARCHED,
        limit: 1,
        ...(ref.which === 'first' ? { from: span.kept } : { upTo: span.head }),
      });
      if (found === undefined) throw new NotThere(`${session.id} holds no ${ref.type}: "arb session ${session.id}" says what it holds`);
      return found.position;
    }
    default:
      throw new NotAnEvent(`"${text}" is no event`);
  }
}

function there(session: SessionRow, position: number, { kept, head }: Span): number {
  if (position > head) throw new NotThere(`${session.id} has no position ${position}: its last is ${head}`);
  if (position < 1) throw new NotThere(`${session.id} has no position ${position}: its first is ${kept}`);
  if (position < kept)
    throw new NotThere(
      `position ${position} of ${session.id} is not there any more (dropped by retention, or left out of the file it was imported from): the first that is there is ${kept}`,
    );
  return position;
}

/** The last event stored up to then. Positions grow with the time at which the stream stored them. */
async function atTime(archive: Archive, session: SessionRow, micros: number, text: string, { kept, head }: Span): Promise<number> {
  const timeOf = async (position: number) => (await archive.event(session.id, position))?.storedAt ?? 0;
  const [first, last] = [await timeOf(kept), await timeOf(head)];
  if (micros < first) throw new NotThere(`${text} is before ${session.id}: its events begin at ${iso(first)}`);
  if (micros >= last) {
    if (micros - last > DAY_MICROS) throw new NotThere(`${text} is after ${session.id}: its events end at ${iso(last)}`);
    return head;
  }
  let [low, high] = [kept, head];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await timeOf(middle)) <= micros) low = middle;
    else high = middle;
  }
  return low;
}

/** To the millisecond, in UTC. */
export function iso(micros: number): string {
  return new Date(micros / 1_000).toISOString();
}
