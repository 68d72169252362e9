import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Home, homeOf } from './home.ts';
import { AlreadyRunning, lockHolder, takeLock } from './lock.ts';

let home: Home;
beforeEach(() => {
  home = homeOf({ ARB_HOME: mkdtempSync(join(tmpdir(), 'lock-')) });
});
afterEach(() => rmSync(home.folder, { recursive: true }));

describe('the lock of a data folder', () => {
  it('is refused while its holder lives, and names it', async () => {
    const lock = await takeLock(home, 'stack');
    await expect(takeLock(home, 'stack')).rejects.toThrow(new RegExp(`already running here, as process ${process.pid}`));
    expect(lockHolder(home)).toMatchObject({ pid: process.pid, use: 'stack' });
    lock.release();
    expect(lockHolder(home)).toBeNull();
    (await takeLock(home, 'stack')).release();
    expect(readdirSync(home.folder)).toEqual([]);
  });

  it.each([
    ['of a process that has ended', JSON.stringify({ pid: process.pid, start: 'earlier', use: 'stack' })],
    ['that was half written', '{"pid":'],
  ])('is taken over from a holder %s', async (_, content) => {
    writeFileSync(home.lock, content);
    const lock = await takeLock(home, 'journal');
    expect(lockHolder(home)?.use).toBe('journal');
    lock.release();
    expect(existsSync(home.lock)).toBe(false);
  });

  it('has one holder when many want a dead one’s', async () => {
    writeFileSync(home.lock, JSON.stringify({ pid: process.pid, start: 'earlier', use: 'stack' }));
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(home, 'stack')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('waits for a command, which ends by itself', async () => {
    const first = await takeLock(home, 'journal');
    const second = takeLock(home, 'stack');
    first.release();
    (await second).release();
    const again = await takeLock(home, 'journal');
    await expect(takeLock(home, 'stack', 0)).rejects.toThrow(AlreadyRunning);
    again.release();
  });
});
