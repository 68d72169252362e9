import {
  type AnyEvent,
  type CoreServiceName,
  type Position,
  rootsOf,
  type Scanned,
  UnwrittenOutput,
  unwrittenOutput,
} from '../contracts/index.ts';
import type { Core } from '../core/index.ts';
import {
  CoreRunner,
  type Intake,
  Outlet,
  type Output,
  openSnapshot,
  ReplayDiverged,
  runnerText,
  type SnapshotBody,
  type StoredEvent,
  type StoredSnapshot,
  type StreamMessage,
  snapshotText,
} from '../runtime/index.ts';
import { Comparison } from './comparison.ts';

/** The first place where a core does not say what was recorded. */
export interface Divergence {
  readonly position: number;
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * One core that is fed with the record, and held against it: byte for byte in its own version; in another one by what it
 * answers to each input, so that it can be told how much differs.
 */
export class Derivation {
  readonly service: CoreServiceName;
  readonly runner: CoreRunner<UnwrittenOutput>;
  /** Null in another version of the code than the one that recorded. */
  private readonly outlet: Outlet<Buffer | UnwrittenOutput> | null;
  private readonly comparison: Comparison | null;
  private readonly wanted: ReadonlySet<string>;
  private readonly offer: (output: Output<UnwrittenOutput>) => void;
  /** Fed with rows above it; until then it waits for its snapshot's position. */
  begin = 0;
  private waiting: SnapshotBody | null = null;
  /** It could not go on. */
  over = false;
  /** Outputs found equal. */
  equal = 0;
  divergence: Divergence | null = null;

  constructor(session: string, service: CoreServiceName, core: Core, recordedBy: string | undefined) {
    this.service = service;
    this.runner = new CoreRunner(service, core, session, unwrittenOutput);
    this.wanted = this.runner.wanted;
    const same = recordedBy === core.version;
    this.outlet = same ? new Outlet<Buffer | UnwrittenOutput>(service) : null;
    this.comparison = same ? null : new Comparison();
    const { outlet, comparison } = this;
    this.offer = (output) => {
      if (outlet !== null) outlet.offer(output.n, output.subject, output.bytes, output.cause, 0);
      else comparison?.derived(output.cause, output.subject, output.bytes.bytes);
    };
  }

  get sameVersion(): boolean {
    return this.outlet !== null;
  }

  /** Of another version: how many of its recorded outputs come out differently. */
  get differences(): { readonly outputs: number; readonly differ: number } {
    return this.comparison?.counts ?? { outputs: this.equal, differ: this.divergence === null ? 0 : 1 };
  }

  /** Goes on from the end of the parent session. False when the snapshot is not sound. */
  fromParent(stored: StoredSnapshot, parent: string): boolean {
    const body = openSnapshot(stored);
    if (body === null) return false;
    this.runner.loadParent(body.runner, parent, body.open);
    return true;
  }

  /** Begins with the state after the snapshot's position. False when the snapshot is not sound. */
  fromSnapshot(stored: StoredSnapshot): boolean {
    const body = openSnapshot(stored);
    if (body === null) return false;
    this.begin = stored.position;
    this.waiting = body;
    return true;
  }

  /**
   * An l2 of the record, if it is the one that was derived here: as good as parsed, and most of what there is to parse. Everything else that
   * cores say is rare.
   */
  known(subject: string, bytes: Uint8Array, header: Scanned, position: Position): AnyEvent | null {
    const { outlet } = this;
    if (outlet === null || this.over || header.kind.type !== 'l2') return null;
    const waiting = outlet.waiting(header.kind.root, header.n);
    if (waiting === null || waiting.subject !== subject || !(waiting.bytes instanceof UnwrittenOutput)) return null;
    return waiting.bytes.isWrittenAs(bytes) ? waiting.bytes.eventAt(position) : null;
  }

  /** The row that `intake` has just judged. */
  see(row: StoredEvent, intake: Intake, taken: boolean): void {
    if (this.over || row.position < this.begin) return;
    if (row.position === this.begin) this.load(intake);
    else this.feed(row, intake, taken);
  }

  /** With `intake` after the position of the snapshot. */
  load(intake: Intake): void {
    const body = this.waiting;
    if (body === null) return;
    this.waiting = null;
    this.guard(this.begin, '', () => {
      this.runner.load(body.runner);
      this.outlet?.load(intake.turns.lastByRoot(this.service), body.open, 0);
      for (const { cause, subject, body: bytes } of body.open) this.comparison?.derived(cause, subject, Buffer.from(bytes));
    });
  }

  private feed(row: StoredEvent, intake: Intake, taken: boolean): void {
    const { header, event } = intake;
    const own = header !== null && header.source === this.service && intake.counted;
    const input = taken && event !== null && this.wanted.has(event.type);
    const { outlet } = this;
    if (!own && !input && outlet === null) return;
    this.guard(row.position, row.subject, () => {
      outlet?.expectDerivedBelow(row.position);
      if (own && header !== null) {
        outlet?.confirm(header.n, row.position, row.subject, row.bytes, 0);
        this.comparison?.recorded(row.position, row.subject, row.bytes);
        this.equal++;
      }
      if (input && event !== null) this.runner.apply(event, this.offer);
    });
  }

  /** At the end of what is fed: nothing recorded may still wait to be derived. */
  end(position: number): void {
    if (this.waiting !== null) return;
    this.guard(position, '', () => this.outlet?.expectDerivedBelow(Number.POSITIVE_INFINITY));
    this.comparison?.end();
    if (this.comparison?.first != null) this.divergence ??= this.comparison.first;
  }

  /** As its snapshot at this place would be. */
  state(intake: Intake): string {
    return snapshotText({
      runner: runnerText(this.runner.save()),
      turns: intake.turns.save(rootsOf(this.service)),
      open: this.outlet?.saveOpen() ?? [],
    });
  }

  private guard(position: number, subject: string, call: () => void): void {
    if (this.over) return;
    try {
      call();
    } catch (error) {
      this.over = true;
      this.divergence =
        error instanceof ReplayDiverged
          ? { position: error.position, subject: error.subject, expected: error.expected, found: error.found }
          : {
              position,
              subject,
              expected: `the core of ${this.service} handles every recorded event`,
              found: (error as Error).message,
            };
    }
  }
}

/** For an intake whose rows these derivations see. */
export function knownTo(derivations: readonly Derivation[], { subject, bytes, position }: StreamMessage, header: Scanned): AnyEvent | null {
  for (const derivation of derivations) if (derivation.service === header.source) return derivation.known(subject, bytes, header, position);
  return null;
}
