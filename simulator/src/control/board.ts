import type { LogLine } from '../server/sent-log.ts';
import { wallMicros } from '../server/wall.ts';
import type { Fault } from './kinds.ts';
import { FaultError, type Known, readFault } from './read-fault.ts';

const MOST_FAULTS = 1_000;

export interface BoardPlan {
  readonly known: Known;
  readonly log: (line: Extract<LogLine, { t: 'fault' }>) => void;
  readonly began: (fault: Fault) => void;
  readonly ended: (fault: Fault) => void;
}

export interface Listed extends Fault {
  readonly state: 'waits' | 'acts';
}

/** Which faults there are now, and which are to come. */
export class Board {
  /** Those that act, by when they began. */
  readonly acting: Fault[] = [];
  private readonly waiting = new Map<Fault, NodeJS.Timeout>();
  private readonly ends = new Map<Fault, NodeJS.Timeout>();
  private readonly plan: BoardPlan;
  private ids = 0;

  constructor(plan: BoardPlan) {
    this.plan = plan;
  }

  /** All of them or, where one is not right, none. */
  post(given: unknown): readonly Fault[] {
    const list = Array.isArray(given) ? given : [given];
    if (this.acting.length + this.waiting.size + list.length > MOST_FAULTS) throw new FaultError(`at most ${MOST_FAULTS} faults at a time`);
    const faults = list.map((one, i) => {
      try {
        return readFault(one, this.ids + 1 + i, this.plan.known);
      } catch (error) {
        throw list.length === 1 ? error : new FaultError(`fault ${i + 1} of ${list.length}: ${(error as Error).message}`, { cause: error });
      }
    });
    this.ids += faults.length;
    for (const fault of faults)
      if (fault.at === 0) this.begin(fault);
      else
        this.waiting.set(
          fault,
          setTimeout(() => this.begin(fault), fault.at * 1_000),
        );
    return faults;
  }

  list(): readonly Listed[] {
    return [
      ...this.acting.map((fault) => ({ ...fault, state: 'acts' as const })),
      ...[...this.waiting.keys()].map((fault) => ({ ...fault, state: 'waits' as const })),
    ];
  }

  /** Null ends all of them. How many it was. */
  end(id: number | null): number {
    const wanted = (fault: Fault): boolean => id === null || fault.id === id;
    const coming = [...this.waiting.keys()].filter(wanted);
    const acting = this.acting.filter(wanted);
    for (const fault of coming) {
      clearTimeout(this.waiting.get(fault));
      this.waiting.delete(fault);
    }
    for (const fault of acting) this.finish(fault);
    return coming.length + acting.length;
  }

  of(kind: Fault['kind'], venue: string): readonly Fault[] {
    return this.acting.filter((fault) => fault.kind === kind && fault.venue === venue);
  }

  private begin(fault: Fault): void {
    this.waiting.delete(fault);
    this.acting.push(fault);
    this.ends.set(
      fault,
      setTimeout(() => this.finish(fault), fault.seconds * 1_000),
    );
    this.plan.log({ t: 'fault', at: wallMicros(), state: 'began', fault: { ...fault } });
    this.plan.began(fault);
  }

  private finish(fault: Fault): void {
    clearTimeout(this.ends.get(fault));
    this.ends.delete(fault);
    this.acting.splice(this.acting.indexOf(fault), 1);
    this.plan.ended(fault);
    this.plan.log({ t: 'fault', at: wallMicros(), state: 'ended', fault: { ...fault } });
  }
}
