import type { ShellContext } from './shell.ts';

/** Something that a core wants done in the world: an event of its own, taken at `position`. */
export interface Intent {
  /** The client id by which the world knows it. */
  readonly key: string;
  readonly position: number;
  /** µs of clock time after which it must not be begun any more; null for no end. */
  readonly validUntil: number | null;
}

/** What the world says of a client id: an outcome, `unknown` where it has never heard of it, or `repeat` where asking is impossible and doing it twice is harmless. */
export type Answer<O> = { readonly outcome: O } | 'unknown' | 'repeat';

export interface EffectsOptions<I extends Intent, O> {
  readonly context: ShellContext;
  readonly act: (intent: I) => Promise<O>;
  readonly ask: (intent: I) => Promise<Answer<O>>;
  /** Says the outcome on the stream; false when it cannot be said now, then it is tried again. */
  readonly tell: (intent: I, outcome: O) => boolean;
  /** A begun act failed without an outcome; its intent will be asked for. */
  readonly failed: (intent: I, error: Error) => void;
  readonly most: number;
  readonly atOnce: number;
}

interface Open<I, O> {
  intent: I;
  /** It may have been begun already, by a process before this one or by an act whose answer was lost. */
  begun: boolean;
  running: boolean;
  outcome: O | null;
  told: boolean;
  failures: number;
  /** Calls of `tick` before it is tried again: a world that fails is not hammered. */
  rest: number;
}

/** Ticks of rest after the first failure, doubled up to the second number. */
const RESTS = [4, 256] as const;

/**
 * Touches the world, and only so: as holder of the lease, for an intent that is taken and journaled, before its end,
 * with no halt before it. An intent without an outcome is asked for by its key, never sent again blindly.
 */
export class Effects<I extends Intent, O> {
  private readonly options: EffectsOptions<I, O>;
  private readonly open = new Map<string, Open<I, O>>();
  private clock = 0;
  private halted = false;
  /** Grows whenever the lease is lost: what was asked before is worth nothing after. */
  private tenure = 0;

  constructor(options: EffectsOptions<I, O>) {
    this.options = options;
  }

  get pending(): number {
    return this.open.size;
  }

  /** An intent was taken. `live` is false in recovery: a process before this one may have begun it. */
  intend(intent: I, live: boolean): void {
    const known = this.open.get(intent.key);
    if (known !== undefined) {
      known.intent = intent;
      return;
    }
    if (this.open.size >= this.options.most)
      throw new Error(`more than ${this.options.most} intents are open; the newest is ${intent.key} at position ${intent.position}`);
    this.open.set(intent.key, { intent, begun: !live, running: false, outcome: null, told: false, failures: 0, rest: 0 });
  }

  /** Its outcome was taken: it is done, whoever did it. */
  settled(key: string): void {
    this.open.delete(key);
  }

  /** Nothing is begun while halted; what was never begun before it is dropped by its core, not here. */
  halt(on: boolean): void {
    this.halted = on;
  }

  clockIs(at: number): void {
    this.clock = at;
  }

  /** A lease that comes back may have been used by another process meanwhile. */
  leaseLost(): void {
    this.tenure++;
    for (const entry of this.open.values()) entry.begun = true;
  }

  /** Called several times a second and after each commit. */
  tick(): void {
    let running = 0;
    for (const entry of this.open.values()) if (entry.running) running++;
    for (const entry of this.open.values()) {
      if (entry.running) continue;
      if (entry.outcome !== null) {
        // Kept until it is read back; once said, the stream has it or gets it.
        if (!entry.told) entry.told = this.options.tell(entry.intent, entry.outcome);
        continue;
      }
      if (entry.rest > 0) {
        entry.rest--;
        continue;
      }
      if (running >= this.options.atOnce || !this.mayBegin(entry)) continue;
      running++;
      void this.run(entry);
    }
  }

  private mayBegin(entry: Open<I, O>): boolean {
    const { context } = this.options;
    if (!context.holdsLease() || context.committed() < entry.intent.position) return false;
    // What has been begun must be asked for, even when its time is over or a halt has come.
    if (entry.begun) return true;
    return !this.halted && (entry.intent.validUntil === null || this.clock < entry.intent.validUntil);
  }

  private async run(entry: Open<I, O>): Promise<void> {
    const { act, ask, tell, failed, context } = this.options;
    entry.running = true;
    const { tenure } = this;
    try {
      if (entry.begun) {
        const answer = await ask(entry.intent);
        if (tenure !== this.tenure) return;
        if (typeof answer === 'object') entry.outcome = answer.outcome;
        else entry.begun = false;
        if (entry.outcome === null && !(context.holdsLease() && this.mayBegin(entry))) return;
      }
      if (entry.outcome === null) {
        entry.begun = true;
        entry.outcome = await act(entry.intent);
      }
      if (this.open.has(entry.intent.key)) entry.told = tell(entry.intent, entry.outcome);
    } catch (error) {
      entry.failures++;
      entry.rest = Math.min(RESTS[1], RESTS[0] * 2 ** Math.min(10, entry.failures - 1));
      failed(entry.intent, error as Error);
    } finally {
      entry.running = false;
    }
  }
}
