import type { Letter } from '../letter.ts';

/** A way to people. Rejects with a `ChannelError` when it could not deliver. */
export interface Channel {
  readonly name: string;
  /**
   * `signal` ends when the time for this try is over. `partly` hears of those that did not get what others of this channel got: it
   * counts as delivered then, and its text may go into events, as that of a `ChannelError`.
   */
  deliver(letter: Letter, tries: number, signal: AbortSignal, partly?: (what: string) => void): Promise<void>;
}

/** Why a channel did not take a message. Its text may go into logs and events: it never holds an address or a token. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  /** Trying again would change nothing: the channel is set up wrongly, or refuses this very message. */
  readonly final: boolean;
  /** Not before so long, as the other side says. */
  readonly retryAfterMs: number | null;
  constructor(message: string, options: { readonly final?: boolean; readonly retryAfterMs?: number | null } = {}) {
    super(message);
    this.final = options.final ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
