import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLog } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a log file', () => {
  it('never takes more than four times its bound, and keeps the newest lines', () => {
    const log = openLog(join(folder, 'x.log'), 100);
    for (let i = 0; i < 1000; i++) log.write(Buffer.from(`line ${i}\n`));
    log.close();
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['x.log', 'x.log.1', 'x.log.2', 'x.log.3']);
    for (const file of files) expect(statSync(join(folder, file)).size).toBeLessThanOrEqual(100);
    expect(readFileSync(join(folder, 'x.log'), 'utf8').endsWith('line 999\n')).toBe(true);
  });

  it('goes on with what is there', () => {
    for (const text of ['one\n', 'two\n']) {
      const log = openLog(join(folder, 'x.log'));
      log.write(Buffer.from(text));
      log.close();
    }
    expect(readFileSync(join(folder, 'x.log'), 'utf8')).toBe('one\ntwo\n');
  });
});
