import type { Output } from '../adapter.ts';
import { binance } from '../binance/index.ts';
import type { Recorded } from '../recording/index.ts';
import type { RestRequest } from '../rest.ts';
import { mutate, seeded } from './mutate.ts';
import { PlainBook, sameLevels } from './plain-book.ts';
import { Counting, type FuzzReport } from './report.ts';

const DEPTH = 30;
/** As deep as a book is looked at, and room for what a recording removes of it. */
const SNAPSHOT_LEVELS = 60;
/** A book is compared each so many times: what is wrong in it stays wrong. */
const COMPARE_EACH = 8;
const MOST_LATE = 12;
const SECOND_US = 1_000_000;

interface Pending {
  readonly request: RestRequest;
  readonly body: string;
  /** Number of the message before which it arrives. */
  readonly due: number;
}

/**
 * A recording of numbered changes, one of three damaged, snapshots some messages late and now and then damaged too. What
 * is taken changes the book exactly as JSON says, what is lost is made good by a snapshot, and in the end all is right.
 */
export function fuzzBinance(entries: readonly Recorded[], seed: number): FuzzReport {
  const draw = seeded(seed);
  const found = new Counting();
  const truth = new Map<string, PlainBook>();
  const built = new Map<string, PlainBook>();
  /** Good and damaged messages that are kept until a snapshot comes, by symbol and number. */
  const kept = new Map<string, string>();
  for (const entry of entries) {
    const code = entry.kind === 'answer' ? /\/depth\?.*symbol=(\w+)/.exec(entry.url ?? '')?.[1] : undefined;
    if (entry.kind === 'answer' && code !== undefined && !truth.has(code))
      truth.set(code, PlainBook.of(textOf(entry.body), SNAPSHOT_LEVELS));
  }
  const feed = binance.feed({ codes: [...truth.keys()], firstEpoch: 1, depth: DEPTH });
  const pending: Pending[] = [];
  let at = 0;
  let compared = 0;

  const compare = (code: string, bids: Parameters<typeof sameLevels>[0], asks: Parameters<typeof sameLevels>[0]): void => {
    const book = built.get(code) as PlainBook;
    found.claim(
      sameLevels(bids, book.top('bids', DEPTH)) && sameLevels(asks, book.top('asks', DEPTH)),
      () => `${code} is not what JSON says`,
    );
  };

  function take(outputs: readonly Output[], message: string | null, snapshot: string | null): void {
    for (const output of outputs) {
      if (output.kind === 'fault') found.refused++;
      if (output.kind === 'skipped' && message !== null && (output.why === 'buffered' || output.why === 'gap'))
        kept.set(`${output.code} ${lastIdOf(message)}`, message);
      if (output.kind === 'book') {
        found.book(output);
        if (output.from === 'rest') built.set(output.code, PlainBook.of(snapshot as string));
        // One that was kept until the snapshot is known by its number.
        else built.get(output.code)?.change(message ?? (kept.get(`${output.code} ${output.sequence}`) as string));
        found.claim(output.sequence === built.get(output.code)?.lastId, () => `${output.code} has number ${output.sequence}`);
        if (compared++ % COMPARE_EACH === 0) compare(output.code, output.bids, output.asks);
      }
      if (output.kind !== 'rest') continue;
      found.resyncs++;
      const body = truth.get(output.request.codes[0] as string)?.snapshot() as string;
      pending.push({ request: output.request, body, due: found.messages + draw(MOST_LATE) });
    }
  }

  function answerDue(): void {
    for (const answer of pending.filter(({ due }) => due <= found.messages)) {
      pending.splice(pending.indexOf(answer), 1);
      const body = draw(20) === 0 ? mutate(Buffer.from(answer.body), draw) : Buffer.from(answer.body);
      take(feed.answer(answer.request, { status: 200, headers: {}, body }, at), null, textOf(body));
    }
  }

  take(feed.opened(at), null, null);
  for (const entry of entries) {
    if (entry.kind !== 'frame' || !textOf(entry.bytes.subarray(0, 40)).includes('@depth')) continue;
    at += SECOND_US;
    answerDue();
    const good = textOf(entry.bytes);
    truth.get(/"s":"(\w+)"/.exec(good)?.[1] ?? '')?.change(good);
    const damage = draw(3) === 0;
    const sent = damage ? mutate(entry.bytes, draw) : entry.bytes;
    found.messages++;
    const outputs = feed.frame(sent, at);
    if (damage) found.damaged++;
    if (damage && outputs[0]?.kind === 'book') found.taken++;
    take(outputs, textOf(sent), null);
    take(feed.tick(at), null, null);
  }
  found.feed(feed);
  // Nothing is damaged any more: after a new connection and its snapshots every book is the venue's own.
  pending.length = 0;
  feed.closed(at);
  take(feed.opened(at), null, null);
  take(feed.tick(at + 3 * SECOND_US), null, null);
  for (const { request, body } of pending.splice(0))
    take(feed.answer(request, { status: 200, headers: {}, body: Buffer.from(body) }, at), null, body);
  for (const [code, book] of truth) {
    const levels = feed.levels(code, DEPTH);
    const numbers = (side: readonly (readonly [string, string])[] = []) =>
      side.map(([price, size]) => [Number(price), Number(size)] as const);
    found.claim(
      sameLevels(numbers(levels?.bids), book.top('bids', DEPTH)) && sameLevels(numbers(levels?.asks), book.top('asks', DEPTH)),
      () => `${code} is not right again in the end`,
    );
  }
  return found;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function lastIdOf(message: string): number | undefined {
  const parsed = JSON.parse(message) as { readonly data?: { readonly u: number }; readonly u?: number };
  return parsed.data?.u ?? parsed.u;
}
