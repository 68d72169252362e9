import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isReachable, serverUser } from './postgres-place.ts';

describe('the place of Postgres', () => {
  it('is within reach only if every folder above lets its user pass', () => {
    const top = mkdtempSync(join(tmpdir(), 'place-'));
    const inner = join(top, 'a', 'b');
    mkdirSync(inner, { recursive: true });
    const stranger = { uid: 64_000, gid: 64_000 };
    try {
      chmodSync(top, 0o755);
      expect(isReachable(inner, stranger)).toBe(true);
      chmodSync(top, 0o700);
      expect(isReachable(inner, stranger)).toBe(false);
      expect(isReachable(inner, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })).toBe(true);
    } finally {
      rmSync(top, { recursive: true });
    }
  });

  it('is run by the user postgres, else nobody, never root', () => {
    const nobody = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin';
    expect(serverUser(`root:x:0:0::/root:/bin/sh\n${nobody}\npostgres:x:101:103::/var/lib/postgresql:/bin/bash\n`)).toEqual({
      uid: 101,
      gid: 103,
    });
    expect(serverUser(`root:x:0:0::/root:/bin/sh\n${nobody}\n`)).toEqual({ uid: 65534, gid: 65534 });
    expect(() => serverUser('root:x:0:0::/root:/bin/sh\n')).toThrow(/does not run as root/);
  });
});
