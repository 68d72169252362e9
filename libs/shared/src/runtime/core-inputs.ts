import type { AnyEvent } from '../contracts/index.ts';
import type { CoreRunner, Output } from './core-runner.ts';
import { Deque } from './deque.ts';
import type { Outlet } from './outlet.ts';
import type { ReadingPlace } from './reading-place.ts';
import type { RunDeps } from './run-deps.ts';

export interface CoreInputsOptions {
  readonly deps: Pick<RunDeps, 'service' | 'time' | 'probe' | 'options'>;
  readonly runner: CoreRunner;
  readonly outlet: Outlet;
  readonly place: ReadingPlace;
  /** More outputs than this are never unconfirmed. */
  readonly window: number;
  /** An input has led to outputs. */
  readonly answered: () => void;
}

/** Gives a core its inputs in order; they wait while too many of its outputs are unconfirmed. */
export class CoreInputs {
  readonly runner: CoreRunner;
  readonly outlet: Outlet;
  private readonly options: CoreInputsOptions;
  private readonly queue = new Deque<AnyEvent>();
  private closed = false;

  constructor(options: CoreInputsOptions) {
    this.options = options;
    this.runner = options.runner;
    this.outlet = options.outlet;
  }

  get waiting(): number {
    return this.queue.length;
  }

  get windowFull(): boolean {
    return this.outlet.unconfirmed >= this.options.window;
  }

  /** Handles nothing more: the process stops. */
  close(): void {
    this.closed = true;
  }

  /** An event was taken; it is an input where the core wants its type. */
  take(event: AnyEvent): void {
    const { queue } = this;
    if (this.runner.wanted.has(event.type)) {
      if (queue.length === 0 && !this.windowFull && !this.closed) this.apply(event);
      else this.enqueue(event);
      // An echo may be read before what stands before it; it is looked at again with the next input.
    } else if (queue.length === 0 && event.position <= this.options.place.position) this.outlet.expectDerivedBelow(event.position);
    if (queue.length > 0) this.drain();
  }

  /** Those that wait, as far as the window allows. */
  drain(): void {
    while (!this.windowFull && !this.closed) {
      const event = this.queue.shift();
      if (event === undefined) return;
      this.apply(event);
    }
  }

  /** At the end nothing can be confirmed any more: what is open is carried into the child. */
  drainAtEnd(): void {
    for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift()) this.apply(event);
  }

  private apply(event: AnyEvent): void {
    const { outlet, runner, options } = this;
    const { deps } = options;
    outlet.expectDerivedBelow(event.position);
    deps.probe('before-derive');
    const now = deps.time.monotonicMs();
    const before = runner.derived;
    runner.apply(event, (output: Output) => outlet.offer(output.n, output.subject, output.bytes, output.cause, now));
    if (runner.derived === before) return;
    deps.probe('after-derive');
    options.answered();
  }

  private enqueue(event: AnyEvent): void {
    const { queue, outlet } = this;
    const { deps, place } = this.options;
    queue.push(event);
    if (queue.length > deps.options.queueEvents && !this.closed)
      throw new Error(
        `${deps.service}: ${queue.length} inputs wait behind ${outlet.unconfirmed} unconfirmed outputs at position ${place.position}: starting over from the journal`,
      );
  }
}
