/** What a process hosts: one service, in whatever form, with a beginning, an end, and an answer to "are you ready?". */
export interface Hosted {
  /** Runs until stopped; rejects when an invariant broke. */
  start(): Promise<void>;
  /** Drains and ends; `start` then resolves. */
  stop(): Promise<void>;
  /** Null when ready, else what it waits for. */
  unready(): string | null;
  /** What `/readyz` tells beside "ready" or what it waits for. */
  facts?(): Readonly<Record<string, unknown>>;
  /** Present numbers, by metric name without prefix. */
  numbers(): Readonly<Record<string, number>>;
}
