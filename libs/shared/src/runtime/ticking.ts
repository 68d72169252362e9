import type { Cancel, Time } from './ports.ts';

/** Calls `tick` again and again until it is cancelled; a tick that breaks does not end the ticking. */
export function tickEvery(time: Time, ms: number, tick: () => void, broke: (error: Error) => void): Cancel {
  let cancel: Cancel;
  const next = (): void => {
    cancel = time.after(ms, next);
    try {
      tick();
    } catch (error) {
      broke(error as Error);
    }
  };
  cancel = time.after(ms, next);
  return () => cancel();
}
