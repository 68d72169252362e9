import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { onInterrupt } from './interrupts.ts';

let now = 0;
afterEach(() => {
  jest.restoreAllMocks();
});

function watched(): { readonly heard: string[]; readonly end: () => void } {
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const heard: string[] = [];
  const end = onInterrupt(
    () => heard.push('first'),
    () => heard.push('again'),
  );
  return { heard, end };
}

describe('an interrupt', () => {
  it('that npm passes on is the same one that the terminal sent: nothing is ended in the middle', () => {
    const { heard, end } = watched();
    process.emit('SIGINT');
    now += 20;
    process.emit('SIGINT');
    process.emit('SIGTERM');
    expect(heard).toEqual(['first']);
    end();
  });

  it('that comes later asks for the end at once', () => {
    const { heard, end } = watched();
    process.emit('SIGINT');
    now += 1_000;
    process.emit('SIGINT');
    expect(heard).toEqual(['first', 'again']);
    end();
  });

  it('is heard no more when the work is over', () => {
    const before = process.listenerCount('SIGINT');
    watched().end();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
