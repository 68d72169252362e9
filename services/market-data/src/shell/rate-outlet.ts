import type { ShellContext } from '@arb/shared/runtime';
import type { FxFrame } from './frame.ts';

/** One a second; a source that sends more often is heard, not repeated. */
const EACH_MS = 900;

/** Says the newest rate. An old one is never said again: its age would look like news. */
export class RateOutlet {
  private readonly context: ShellContext;
  private waiting: FxFrame | null = null;
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(context: ShellContext) {
    this.context = context;
  }

  offer(frame: FxFrame): void {
    this.waiting = frame;
    this.flush();
  }

  flush(): void {
    const { context, waiting } = this;
    const now = context.time.monotonicMs();
    if (waiting === null || now - this.saidAt < EACH_MS || !context.holdsLease()) return;
    const at = context.time.wallMicros();
    const ageMs = Math.max(0, at - waiting.at) / 1_000;
    const { pair, rate } = waiting;
    const sources = [{ source: 'simulator', rate, ageMs, used: true }];
    if (!context.say('fx', [pair], { pair, rate, tier: 'single', sources }, { at })) return;
    this.saidAt = now;
    this.waiting = null;
  }

  /** A new beginning: the next rate is said whenever it comes. */
  forget(): void {
    this.waiting = null;
    this.saidAt = Number.NEGATIVE_INFINITY;
  }
}
