import { CATALOG, type DataOf, type EventType, encodeOutput, type Header, subjectOf } from '../contracts/index.ts';
import type { Outlet } from './outlet.ts';
import type { Time } from './ports.ts';
import type { SayOptions } from './shell.ts';

/** Puts what a process says of itself, or has learnt outside, into events: numbered, encoded once, handed to its outlet. */
export class Voice {
  private readonly outlet: Outlet;
  private readonly session: string;
  private readonly time: Time;

  constructor(outlet: Outlet, session: string, time: Time) {
    this.outlet = outlet;
    this.session = session;
    this.time = time;
  }

  say<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, options?: SayOptions): void {
    const { outlet, time } = this;
    const header: Header = {
      n: outlet.derived(CATALOG[type].root) + 1,
      source: outlet.source,
      session: this.session,
      type,
      v: CATALOG[type].v,
      at: options?.at ?? time.wallMicros(),
      cause: options?.cause ?? null,
      ...(options?.basis === undefined || options.basis.length === 0 ? {} : { basis: options.basis }),
    };
    const subject = subjectOf(type, ...words);
    const bytes = encodeOutput(subject, header, data);
    if (typeof bytes === 'string') throw new Error(`${outlet.source} would say a malformed ${type} on ${subject}: ${bytes}`);
    outlet.offer(header.n, subject, bytes, 0, time.monotonicMs());
  }
}
