import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { identityOf, isAlive, type ProcessIdentity, signalProcess, startOfStat } from './process-identity.ts';

describe('a process', () => {
  it('is known by its pid and its start', () => {
    const me = identityOf(process.pid) as ProcessIdentity;
    expect(isAlive(me)).toBe(true);
    expect(identityOf(process.pid)).toEqual(me);
  });

  it('is not taken for another one that has its pid now, and that one is never signalled', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(stranger, 'spawn');
    const recycled = { pid: stranger.pid as number, start: 'of an earlier process' };
    expect(isAlive(recycled)).toBe(false);
    expect(signalProcess(recycled, 'SIGKILL')).toBe(false);
    expect(isAlive(identityOf(stranger.pid as number) as ProcessIdentity)).toBe(true);
    const gone = once(stranger, 'exit');
    expect(signalProcess(identityOf(stranger.pid as number) as ProcessIdentity, 'SIGTERM')).toBe(true);
    expect((await gone)[1]).toBe('SIGTERM');
    expect(identityOf(stranger.pid as number)).toBeNull();
  });

  it('may have blanks and parentheses in its name', () => {
    const stat = `42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 195212 1000 10`;
    expect(startOfStat(stat)).toEqual({ state: 'S', ticks: '195212' });
  });

  it('is nobody for a pid that cannot be one', () => {
    for (const pid of [0, -1, 1.5, Number.NaN]) expect(identityOf(pid)).toBeNull();
  });
});
