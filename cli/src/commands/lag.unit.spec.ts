import { describe, expect, it } from '@jest/globals';
import { lagIn } from './lag.ts';

describe('the lag in a service’s metrics', () => {
  it('is read whatever the labels and the prefix are', () => {
    expect(lagIn('# HELP arb_lag_positions x\narb_lag_positions{service="risk"} 12\narb_lag_ms{service="risk"} 0.42\n')).toEqual({
      positions: 12,
      ms: 0.4,
    });
    expect(lagIn('lag_positions 3\nlag_seconds 0.25\n')).toEqual({ positions: 3, ms: 250 });
  });

  it('is unknown where it is not said', () => expect(lagIn('process_cpu_seconds_total 1\n')).toBeNull());
});
