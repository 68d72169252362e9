import { describe, expect, it } from '@jest/globals';
import { ReconnectWait } from './reconnect-wait.ts';

const waits = (kind: 'away' | 'refused', random: number, times = 12): number[] => {
  const wait = new ReconnectWait(() => random);
  return Array.from({ length: times }, () => wait.take(kind, null));
};

describe('the wait before connecting again', () => {
  it('doubles, and stays short while a venue is away, so that its return is seen at once', () => {
    expect(waits('away', 1).slice(0, 6)).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000]);
  });

  it('grows to a minute and no longer while a venue refuses', () => {
    expect(waits('refused', 1)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
    expect(waits('refused', 1, 5_000).at(-1)).toBe(60_000);
  });

  it('is drawn between half and the whole', () => {
    expect(waits('refused', 0).slice(0, 3)).toEqual([125, 250, 500]);
  });

  it('is as long as the venue asks for, and not much longer', () => {
    const wait = new ReconnectWait(() => 1);
    expect(wait.take('refused', 90_000)).toBe(90_000);
    for (let i = 0; i < 20; i++) wait.take('refused', 1_000);
    expect(wait.take('refused', 1_000)).toBe(2_000);
  });

  it('begins anew once the venue has proved itself', () => {
    const wait = new ReconnectWait(() => 1);
    for (let i = 0; i < 9; i++) wait.take('refused', null);
    wait.proved();
    expect(wait.take('refused', null)).toBe(250);
  });
});
