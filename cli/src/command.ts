/** Good, failed, or not understood. */
export const EXIT_GOOD = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

export interface Flag {
  readonly type: 'boolean' | 'string';
  /** What stands for the value in the usage. */
  readonly value?: string;
  /** One letter that means the same. */
  readonly short?: string;
  /** Takes as many values as follow it, and may be given again: `--recording a b --recording c`. */
  readonly many?: boolean;
  readonly says: string;
}

/** Where a command writes: results to stdout, all else to stderr. */
export interface Output {
  out(line: string): void;
  say(line: string): void;
}

export interface Given {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
  /** Of the flags that take many values. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
}

export interface Command {
  readonly name: string;
  readonly says: string;
  /** Words after the name, as the usage shows them. The last may take all that follow. */
  readonly words: readonly { readonly name: string; readonly optional?: boolean; readonly many?: boolean }[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Resolves with the exit code. What it throws is a failure. */
  run(given: Given, output: Output): Promise<number>;
}

/** The command line asks for something that does not exist: a sentence, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const JSON_FLAG = { json: { type: 'boolean', says: 'machine-readable output' } } as const;
