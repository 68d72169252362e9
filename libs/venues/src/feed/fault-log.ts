import type { FaultOut, KeptFault, Micros } from '../adapter.ts';

const KEPT = 16;
const HEAD_BYTES = 4_096;

/** Counts what could not be understood and keeps the newest of it. */
export class FaultLog {
  bad = 0;
  private readonly kept: KeptFault[] = [];

  add(bytes: Uint8Array, why: string, code: string | null, at: Micros): FaultOut {
    this.bad++;
    if (this.kept.length === KEPT) this.kept.shift();
    // A copy: the socket uses its buffer again.
    this.kept.push({ at, why, length: bytes.length, head: bytes.slice(0, HEAD_BYTES) });
    return { kind: 'fault', why, code };
  }

  newest(): readonly KeptFault[] {
    return [...this.kept];
  }
}
