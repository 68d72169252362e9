import pg from 'pg';
import { type Heard, LINKS, type Link } from './processes/arrivals.ts';
import type { Stack } from './stack/stack.ts';

/** An event that came of a book: by its cause, the cause of that, and so on. */
export interface Chained {
  /** The number of the book at its beginning. */
  readonly book: number;
  /** ms from the sending of the book, and from the hearing of its own cause, until it was heard. */
  readonly sinceBook: number;
  readonly sinceCause: number;
}

export interface Chains {
  readonly links: Readonly<Record<Link, readonly Chained[]>>;
  /** Events of these kinds that came of something else than the link before them: a merge after a timer, an order's later states. */
  readonly otherwise: number;
  /** Events that came of a book, and that were in the journal but never heard. */
  readonly unheard: number;
}

export interface Line {
  readonly position: string;
  readonly type: Link | 'book';
  readonly n: string;
  readonly cause: string | null;
}

const BEFORE: Readonly<Record<Link, Link | 'book'>> = { l2: 'book', decision: 'l2', verdict: 'decision', order: 'verdict' };

/** Which event came of which, as the journal has it, with the times at which they were heard. All must be journaled. */
export async function chainsOf(stack: Stack, said: number): Promise<Chains> {
  const lines = await linesOf(stack);
  const books = lines.filter(({ type }) => type === 'book').length;
  // The generator is the only one that says books: its count of them is their number.
  if (books !== said)
    throw new Error(`expected the ${said} books that were said in the journal, found ${books}: wait until all is journaled`);
  return chained(lines, await stack.arrivals());
}

async function linesOf(stack: Stack): Promise<readonly Line[]> {
  const session = await stack.journal.session(stack.session);
  if (session === null) throw new Error(`expected session ${stack.session} in the journal, found none`);
  const client = new pg.Client({ connectionString: stack.servers.postgres });
  await client.connect();
  try {
    const columns = 'SELECT position, type, n, cause FROM';
    const where = 'WHERE session_number = $1 AND taken AND type = ANY($2)';
    const found = await client.query<Line>(
      `${columns} events_market ${where} UNION ALL ${columns} events_ledger ${where} ORDER BY position`,
      [session.number, ['book', ...LINKS]],
    );
    return found.rows;
  } finally {
    await client.end();
  }
}

/** Each event by its cause; `lines` in the order of the stream. */
export function chained(lines: readonly Line[], { sent, links }: Heard): Chains {
  const sentAt = new Map(sent);
  const heardAt = Object.fromEntries(LINKS.map((link) => [link, new Map(links[link])])) as Record<Link, Map<number, number>>;
  const at = new Map<string, { readonly type: Line['type']; readonly book: number; readonly at: number | undefined }>();
  const found: Record<Link, Chained[]> = { l2: [], decision: [], verdict: [], order: [] };
  let [otherwise, unheard] = [0, 0];
  for (const { position, type, n, cause } of lines) {
    if (type === 'book') {
      at.set(position, { type, book: Number(n), at: sentAt.get(Number(n)) });
      continue;
    }
    const from = cause === null ? undefined : at.get(cause);
    if (from === undefined || from.type !== BEFORE[type]) {
      otherwise++;
      continue;
    }
    const heard = heardAt[type].get(Number(n));
    at.set(position, { type, book: from.book, at: heard });
    const begun = sentAt.get(from.book);
    if (heard === undefined || from.at === undefined || begun === undefined) unheard++;
    else found[type].push({ book: from.book, sinceBook: heard - begun, sinceCause: heard - from.at });
  }
  return { links: found, otherwise, unheard };
}
