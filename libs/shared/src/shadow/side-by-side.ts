import { rootOf } from '../contracts/index.ts';
import { Deque } from '../runtime/index.ts';

/** One answer that is not what was recorded. */
export interface Difference {
  /** Of what was recorded; of an answer that nobody recorded, its cause. */
  readonly position: number;
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
}

export interface SideBySideOptions {
  /** An answer that others of a later cause have overtaken for so long, by the stream's time, was never said. */
  readonly overtakenMicros: number;
  /** More answers than these never wait to be recorded: the oldest count as never said. */
  readonly mostOpen: number;
}

export const SIDE_BY_SIDE_DEFAULTS: SideBySideOptions = {
  // Who has lost something on the way says it again within seconds, before anything later of the same root.
  overtakenMicros: 10_000_000,
  mostOpen: 50_000,
};

interface Answer {
  readonly cause: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** The stream's time at which an answer to a later cause was recorded; 0 as long as there is none. */
  overtakenAt: number;
}

/**
 * What a core answers here beside what was recorded of it, root by root: within a root both stand in the order of their
 * causes, so one answer more or less on either side is one difference and moves nothing that follows. Numbers are left out for the
 * same reason; where all answers are equal, so are they.
 */
export class SideBySide {
  equal = 0;
  different = 0;
  private readonly options: SideBySideOptions;
  private readonly differs: (difference: Difference) => void;
  private readonly lanes = new Map<string, Deque<Answer>>();
  private openCount = 0;

  constructor(differs: (difference: Difference) => void, options: SideBySideOptions = SIDE_BY_SIDE_DEFAULTS) {
    this.differs = differs;
    this.options = options;
  }

  /** Derived here, and not met in the record yet. */
  get open(): number {
    return this.openCount;
  }

  derived(cause: number, subject: string, bytes: Uint8Array): void {
    const root = rootOf(subject);
    let lane = this.lanes.get(root);
    if (lane === undefined) {
      lane = new Deque();
      this.lanes.set(root, lane);
    }
    lane.push({ cause, subject, bytes, overtakenAt: 0 });
    this.openCount++;
    if (this.openCount > this.options.mostOpen) this.dropOldest();
  }

  /** Taken from the record. Whatever it answers has been derived from by now: its cause stands before it. */
  recorded(position: number, storedAt: number, subject: string, bytes: Uint8Array): void {
    const text = withoutNumber(bytes);
    const cause = causeIn(text);
    const lane = this.lanes.get(rootOf(subject));
    for (let first = lane?.first(); first !== undefined && first.cause < cause; first = lane?.first())
      this.neverSaid(lane as Deque<Answer>);
    const answer = lane?.first();
    if (answer === undefined || answer.cause > cause) this.report({ position, subject, expected: textOf(text), found: 'nothing' });
    else {
      lane?.shift();
      this.openCount--;
      const found = withoutNumber(answer.bytes);
      if (answer.subject === subject && found.equals(text)) this.equal++;
      else this.report({ position, subject, expected: textOf(text), found: `${answer.subject} ${textOf(found)}` });
    }
    this.overtake(cause, storedAt);
  }

  /** Answers in roots in which nothing is recorded any more. */
  private overtake(cause: number, storedAt: number): void {
    for (const lane of this.lanes.values()) {
      const first = lane.first();
      if (first === undefined || first.cause >= cause) continue;
      if (first.overtakenAt === 0) first.overtakenAt = storedAt;
      else if (storedAt - first.overtakenAt > this.options.overtakenMicros) this.neverSaid(lane);
    }
  }

  private neverSaid(lane: Deque<Answer>): void {
    const { cause, subject, bytes } = lane.shift() as Answer;
    this.openCount--;
    this.report({ position: cause, subject, expected: 'nothing', found: `${subject} ${textOf(withoutNumber(bytes))}` });
  }

  private dropOldest(): void {
    let oldest: Deque<Answer> | null = null;
    for (const lane of this.lanes.values()) {
      const first = lane.first();
      if (first !== undefined && first.cause < (oldest?.first()?.cause ?? Number.POSITIVE_INFINITY)) oldest = lane;
    }
    if (oldest !== null) this.neverSaid(oldest);
  }

  private report(difference: Difference): void {
    this.different++;
    this.differs(difference);
  }
}

const COMMA = 0x2c;

/** `{"n":12,"source":…` → `,"source":…` */
function withoutNumber(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.subarray(buffer.indexOf(COMMA));
}

function textOf(withoutItsNumber: Buffer): string {
  return `{${withoutItsNumber.toString().slice(1)}`;
}

/** The envelope stands before the data, so the first one is its own. */
function causeIn(text: Buffer): number {
  const at = text.indexOf('"cause":');
  return at < 0 ? 0 : Number.parseInt(text.toString('latin1', at + 8, at + 28), 10) || 0;
}
