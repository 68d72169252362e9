import { createHash } from 'node:crypto';
import type { DataOf } from '@arb/shared/contracts';
import type { JournalRow } from '@arb/shared/runtime';

const MAX_PER_SECOND = 20;

/** Malformed events are told to people. All of them are in the journal; only so many are talked about. */
export class Quarantine {
  private second = 0;
  private count = 0;

  /** One more, at this monotonic time: true where there is room to tell it. */
  admits(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.count = 0;
    }
    return ++this.count <= MAX_PER_SECOND;
  }
}

export function quarantined(row: JournalRow, reason: string): DataOf<'quarantine'> {
  return {
    position: row.position,
    subject: row.subject.slice(0, 200),
    length: row.bytes.length,
    sha256: createHash('sha256').update(row.bytes).digest('hex'),
    head: Buffer.from(row.bytes.subarray(0, 1_024)).toString('base64'),
    reason: reason.slice(0, 500),
  };
}
