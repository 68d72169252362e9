/** A server answered and said no: there is nothing to wait for, a person must correct a setting. */
export class Refusal extends Error {
  readonly refused = true;
}

/** Also for errors of other families that mark themselves so. */
export function isRefusal(error: unknown): boolean {
  return (error as { refused?: unknown } | null)?.refused === true;
}
