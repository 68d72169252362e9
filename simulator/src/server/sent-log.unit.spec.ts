import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hashOfBook, openSentLog, readLog, readSentLog } from './sent-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'sent-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the log of what was sent', () => {
  it('keeps each book with the hash that its numbers have anywhere', () => {
    const path = join(folder, 'books');
    const log = openSentLog(path);
    log.book('upbit', 'BTC-KRW', 7, 1_000, '[[1,2]][[3,4.5]]');
    log.add({ t: 'socket', at: 1, venue: 'upbit', id: 1, state: 'open', why: '' });
    log.close();
    expect(readSentLog(path)).toEqual([
      { t: 'book', venue: 'upbit', symbol: 'BTC-KRW', sequence: 7, at: 1_000, hash: hashOfBook([[1, 2]], [[3, 4.5]]) },
    ]);
    expect(readLog(path)).toHaveLength(2);
  });

  it('says that it is full, and takes no more, then and after a restart', () => {
    const path = join(folder, 'full');
    for (let start = 0; start < 2; start++) {
      const log = openSentLog(path, 1_000);
      for (let i = 0; i < 100; i++) log.book('upbit', 'BTC-KRW', i, 1_000, '');
      log.close();
    }
    const lines = readLog(path);
    expect(lines.filter(({ t }) => t === 'full')).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ t: 'full', bytes: 1_000 });
    expect(statSync(path).size).toBeLessThan(1_300);
  });
});
