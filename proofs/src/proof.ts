export interface ProofOptions {
  /** How long the stack is under load and under attack; starting, stopping and checking come on top. */
  readonly seconds: number;
  /** What is drawn (what is killed, and when) comes from it. */
  readonly seed: string;
  /** A line of progress, as it happens. */
  readonly out: (line: string) => void;
}

export interface ProofResult {
  readonly ok: boolean;
  /** What it needs is not on this machine: nothing was proved, and nothing broke. */
  readonly nothing?: boolean;
  /** What was measured and what did not hold, for a person. */
  readonly lines: readonly string[];
}

/** Something that is claimed of the running system, and the run that would show it if it were not so. */
export interface Proof {
  readonly name: string;
  readonly says: string;
  /** A run of this length still proves it; what a test run has time for. */
  readonly shortSeconds: number;
  readonly usualSeconds: number;
  run(options: ProofOptions): Promise<ProofResult>;
}
