import { Backoff } from './options.ts';
import type { Time } from './ports.ts';
import { isRefusal } from './refusal.ts';
import type { Log } from './run-deps.ts';

export interface PatienceOptions {
  readonly deps: {
    readonly time: Time;
    readonly log: Log;
    readonly options: { readonly backoffMs: readonly [first: number, most: number] };
  };
  readonly session: string;
  /** Where the process stands, for whoever reads the log. */
  readonly position: () => number;
  readonly stopping: () => boolean;
}

/** What is away for a while is waited for: it is said once in the log, and shown as the trouble until it is over. */
export class Patience {
  private readonly options: PatienceOptions;
  /** What is wrong just now. */
  trouble: string | null = null;

  constructor(options: PatienceOptions) {
    this.options = options;
  }

  notice(what: string): void {
    const { deps, session, position } = this.options;
    if (what !== this.trouble) deps.log('warn', what, { session, position: position() });
    this.trouble = what;
  }

  /** This is no longer wrong; what else is, stays. */
  over(what: string): void {
    if (this.trouble === what) this.trouble = null;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.options.deps.time.after(ms, resolve);
    });
  }

  /** The journal's database may be away for a while; nothing can start without it, so it is waited for. */
  async retry<T>(what: string, call: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.options.deps.options.backoffMs);
    for (;;) {
      try {
        return await call();
      } catch (error) {
        this.notice(`cannot ${what}: ${(error as Error).message}`);
        if (this.options.stopping() || isRefusal(error)) throw error;
        await this.pause(backoff.take());
      }
    }
  }
}
