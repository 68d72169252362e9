import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MAX_FILE_BYTES, unwelcome } from './file-rules.ts';
import { ROOT, repositoryFiles } from './packages.ts';

describe('the repository', () => {
  it('holds no place of one machine and no big file', () => {
    expect(repositoryFiles).toContain('package-lock.json');
    const faults = repositoryFiles.flatMap((file) => {
      const path = join(ROOT, file);
      const bytes = readFileSync(path);
      return unwelcome(file, statSync(path).size, bytes.includes(0) ? '' : bytes.toString('utf8'));
    });
    expect(faults).toEqual([]);
  });

  // Put together here, or this file would be refused itself.
  it.each([
    ['a path', ['', 'work', 'main'].join('/')],
    ['a path in quotes', `"${['', 'root', '.npmrc'].join('/')}"`],
    ['a registry', ['https://registry', 'npmjs', 'org'].join('.')],
    ['a mirror', ['https://artifactory', 'example', 'net/npm'].join('.')],
    ['an address in the lockfile', ['"resolved": "https:', '', 'x.example', 'ws.tgz"'].join('/')],
  ])('would refuse %s', (_, text) => {
    expect(unwelcome('a.txt', 1, `first\n${text}`)[0]).toMatch(/^a\.txt:2: /);
  });

  it('would refuse a file of more than a megabyte, and no smaller one', () => {
    expect(unwelcome('a.bin', MAX_FILE_BYTES + 1, '')).toHaveLength(1);
    expect(unwelcome('a.bin', MAX_FILE_BYTES, '')).toEqual([]);
  });

  it('would not refuse a relative path or a link between packages', () => {
    expect(unwelcome('a.txt', 1, './work/x ../root/x https://x.example/work/y\n"resolved": "libs/shared"')).toEqual([]);
  });
});
