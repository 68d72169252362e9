import type { ProofOptions, ProofResult } from './proof.ts';

const MOST_FAULTS_SHOWN = 20;

/** Collects what a proof measured and what did not hold, and says both as they come. */
export interface Findings {
  note(line: string): void;
  fault(line: string): void;
  /** A claim: noted where it holds, a fault where it does not. */
  claim(holds: boolean, line: string): void;
  result(): ProofResult;
}

export function openFindings(out: ProofOptions['out']): Findings {
  const lines: string[] = [];
  let faults = 0;
  function add(line: string): void {
    lines.push(line);
    out(line);
  }
  function fault(line: string): void {
    faults++;
    if (faults <= MOST_FAULTS_SHOWN) add(`DOES NOT HOLD: ${line}`);
    else if (faults === MOST_FAULTS_SHOWN + 1) add('more does not hold than is shown');
  }
  return {
    note: add,
    fault,
    claim(holds, line) {
      if (holds) add(`holds: ${line}`);
      else fault(line);
    },
    result: () => ({ ok: faults === 0, lines }),
  };
}
