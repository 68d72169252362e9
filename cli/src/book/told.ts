import { table } from '../table.ts';
import type { Rebuilt, RebuiltBook } from './rebuild.ts';

/** For people: a line of counts for each book, then its levels, asks above bids as on a screen. */
export function told({ venue, messagesPerSecond, books, bad }: Rebuilt): readonly string[] {
  const all = Object.entries(books);
  if (all.length === 0) return [`${venue}: no book in this recording`];
  const head = ['key', 'symbol', 'messages', 'gaps', 'resyncs', 'stale', 'crossed', 'checksums', 'best bid', 'best ask'];
  const rows = all.map(([key, book]) => [
    key,
    book.symbol,
    book.messages,
    book.gaps,
    book.resyncs,
    book.stale,
    book.crossed,
    `${book.checksumsOk}/${book.checksumsOk + book.checksumsBad}`,
    book.bids[0]?.[0] ?? null,
    book.asks[0]?.[0] ?? null,
  ]);
  return [
    ...table(head, rows),
    ...all.flatMap(([key, book]) => ['', key, ...levels(book)]),
    '',
    `${all.reduce((sum, [, { messages }]) => sum + messages, 0)} book messages, ${bad} bad ones, ${messagesPerSecond} a second`,
  ];
}

function levels({ bids, asks }: RebuiltBook): readonly string[] {
  const rows = [
    ...[...asks].reverse().map(([price, size]) => [null, price, size]),
    ...bids.map(([price, size]) => [size, price, null]),
  ].map((row) => row.map((cell) => cell ?? ''));
  return table(['bid size', 'price', 'ask size'], rows);
}
