import type { OwnOutputs } from './own-outputs.ts';
import type { Time } from './ports.ts';
import type { SnapshotKeeper } from './snapshot-keeper.ts';

const LEAVE_PATIENCE_MS = 2_000;
/** The clock is heard ten times a second. */
const COPY_PATIENCE_MS = 300;
const LOOK_EVERY_MS = 10;

/** A process that stops in the middle of a session. */
export interface Leaving {
  readonly time: Time;
  readonly outputs: OwnOutputs;
  readonly snapshots: SnapshotKeeper;
  readonly hasState: boolean;
  readonly live: () => boolean;
  /** Handles no further input. */
  readonly close: () => void;
  readonly end: () => void;
}

/** Keeps a snapshot, handles no further input, waits a moment for what is unconfirmed, ends. */
export function leave({ time, outputs, snapshots, hasState, live, close, end }: Leaving): void {
  const begin = time.monotonicMs();
  const snapshot = live() && hasState;
  let closed = false;
  if (snapshot) snapshots.take();
  const wait = (): void => {
    const spent = time.monotonicMs() - begin;
    // The state can be copied with the next input at the latest; until then it goes on.
    if (!live() || !snapshot || snapshots.underWay || spent >= COPY_PATIENCE_MS) closed = true;
    const done = outputs.unconfirmed === 0 && !snapshots.underWay;
    const over = !live() || spent >= LEAVE_PATIENCE_MS || (closed && done);
    if (closed || over) close();
    if (over) end();
    else time.after(LOOK_EVERY_MS, wait);
  };
  wait();
}
