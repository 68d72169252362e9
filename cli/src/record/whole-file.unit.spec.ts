import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeWhole } from './whole-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'arb-whole-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;
/** So much that it meets the disk before it is at its end; like an export it waits when it is told to. */
async function much(into: Writable, signal: AbortSignal): Promise<string> {
  for (let i = 0; i < 200; i++) {
    signal.throwIfAborted();
    const piece = Buffer.from(Array.from({ length: 20_000 }, (_, k) => (k * 2_654_435_761 * (i + 1)) % 251));
    if (!into.write(piece))
      await new Promise<void>((resolve, reject) => {
        into.once('drain', resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
  }
  into.end();
  return 'done';
}

describe('a file that is written whole or not at all', () => {
  it('is there under its name when it is whole', async () => {
    const file = join(folder, 'good.gz');
    const write = async (into: Writable) => {
      into.end('all of it');
      return 7;
    };
    expect(await writeWhole(file, write, never)).toBe(7);
    expect(gunzipSync(readFileSync(file)).toString()).toBe('all of it');
    expect(readdirSync(folder)).toEqual(['good.gz']);
  });

  it('says so where there is no such folder, and where the disk is full, and leaves nothing', async () => {
    const nowhere = join(folder, 'none', 'x.gz');
    await expect(writeWhole(nowhere, much, never)).rejects.toThrow(`${nowhere} cannot be written: there is no such folder`);
    await expect(writeWhole(join(folder, 'good.gz', 'x.gz'), much, never)).rejects.toThrow('there is no such folder');
    const full = join(folder, 'full.gz');
    symlinkSync('/dev/full', `${full}.unfinished`);
    await expect(writeWhole(full, much, never)).rejects.toThrow(`${full} cannot be written: the disk is full`);
    expect(readdirSync(folder)).toEqual(['good.gz']);
  });

  it('leaves nothing when it is interrupted in the middle, or when what should be written is not there', async () => {
    const stop = new AbortController();
    const file = join(folder, 'half.gz');
    const half = async (into: Writable, signal: AbortSignal) => {
      into.write('half');
      stop.abort(new Error('interrupted'));
      return much(into, signal);
    };
    await expect(writeWhole(file, half, stop.signal)).rejects.toThrow('interrupted');
    const failing = async () => {
      throw new Error('a seal is missing');
    };
    await expect(writeWhole(file, failing, never)).rejects.toThrow('a seal is missing');
    expect([existsSync(file), readdirSync(folder)]).toEqual([false, ['good.gz']]);
  });

  // Who is root may write everywhere.
  (process.getuid?.() === 0 ? it.skip : it)('says so where one may not write', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    await expect(writeWhole(join(closed, 'x.gz'), much, never)).rejects.toThrow('you may not write there');
  });
});
