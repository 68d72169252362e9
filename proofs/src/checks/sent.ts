import { readSentLog } from '@arb/simulator';
import type { Findings } from '../findings.ts';
import type { JournalFacts } from './journal.ts';

interface JournaledBook {
  readonly session: string;
  readonly position: number;
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly sequence: number;
  /** Null where the venue says no time: in the answer that a book of changes begins with. */
  readonly at: number | null;
  readonly hash: string;
  readonly storedAt: number;
}

/** `->` on a `json` column gives the text as it stands, so these are the bytes that were sent. */
/** An empty one says that a book is gone, with its connection: no venue has sent that. */
const BOOKS = `
  SELECT session, position::float8 AS position, extract(epoch FROM stored_at)::float8 * 1000 AS "storedAt",
    body->'data'->>'venue' AS venue, body->'data'->>'symbol' AS symbol, (body->'data'->>'epoch')::float8 AS epoch,
    (body->'data'->>'sequence')::float8 AS sequence, (body->'data'->>'exchangeAt')::float8 AS at,
    left(encode(sha256(convert_to((body->'data'->>'bids') || (body->'data'->>'asks'), 'UTF8')), 'hex'), 16) AS hash
  FROM events WHERE type = 'book' AND taken AND body->'data'->>'bids' || (body->'data'->>'asks') <> '[][]' ORDER BY session, position`;

/** A stretch of wall time, ms, in which something was down. */
export interface Outage {
  readonly from: number;
  readonly to: number;
  /** The simulated venues were killed as well: the last lines of their log died with them. */
  readonly unwitnessed?: boolean;
}

/**
 * The simulated venues' own log is the witness: what the journal holds was sent, once and as it stands there. A venue's
 * book is known by its time; where it says none, by its number.
 */
export async function claimSentKept(facts: JournalFacts, sentLog: string, outages: readonly Outage[], findings: Findings): Promise<void> {
  const sent = readSentLog(sentLog);
  const known = new Map<string, Set<string>>();
  const remember = (key: string, hash: string): void => {
    const hashes = known.get(key);
    if (hashes === undefined) known.set(key, new Set([hash]));
    else hashes.add(hash);
  };
  for (const { venue, symbol, sequence, at, hash } of sent) {
    remember(`${venue} ${symbol} at ${at}`, hash);
    remember(`${venue} ${symbol} number ${sequence}`, hash);
  }
  const books = await facts.rows<JournaledBook>(BOOKS);
  const said = new Set<string>();
  const journaled = new Set<string>();
  let [invented, changed, doubled, unwitnessed] = [0, 0, 0, 0];
  for (const { session, position, venue, symbol, epoch, sequence, at, hash, storedAt } of books) {
    const name = `${venue} ${symbol} ${at === null ? `number ${sequence}` : `at ${at}`}`;
    const hashes = known.get(name);
    const excused = outages.some(({ from, to, unwitnessed }) => unwitnessed === true && storedAt >= from && storedAt <= to);
    if (hashes === undefined && excused) unwitnessed++;
    else if (hashes === undefined && ++invented <= 3) findings.fault(`book ${name} at ${session}:${position} was never sent`);
    else if (hashes !== undefined && !hashes.has(hash) && ++changed <= 3)
      findings.fault(`book ${name} at ${session}:${position} is not as it was sent`);
    const turn = `${session} ${venue} ${symbol} ${epoch} ${sequence}`;
    if (said.has(turn) && ++doubled <= 3)
      findings.fault(`book ${sequence} of epoch ${epoch} of ${venue} ${symbol} is in ${session} twice, the second time at ${position}`);
    said.add(turn);
    journaled.add(`${venue} ${symbol} ${hash}`);
  }
  findings.claim(
    invented + changed + doubled === 0 && books.length > 0,
    `all ${books.length} journaled books were sent, are as they were sent, and stand there once`,
  );
  if (unwitnessed > 0) findings.note(`${unwitnessed} books were sent when the log of what is sent was killed before it was written`);
  const undisturbed = sent.filter(({ at }) => !outages.some(({ from, to }) => at / 1000 >= from && at / 1000 <= to));
  const missing = undisturbed.filter(({ venue, symbol, hash }) => !journaled.has(`${venue} ${symbol} ${hash}`)).length;
  findings.note(
    `of ${sent.length} books sent ${sent.length - undisturbed.length} fell into an outage; of the other ${undisturbed.length} the journal has all but ${missing} (replaced by a newer one of their symbol before they were said, or on their way when the run ended)`,
  );
}
