import type { Time } from '@arb/shared/runtime';
import { type Channel, ChannelError } from '../channels/channel.ts';
import type { Letter, Outcome } from '../letter.ts';
import { Breaker } from './breaker.ts';

const TRIES = 3;
const TRY_MS = 3_000;
const BACKOFF_MS = 500;
/** Asked to wait longer than this, the next of the chain takes the message. */
const LONGEST_WAIT_MS = 5_000;

/** This process may not act any more: the message is neither delivered nor given up. */
export class NotMine extends Error {
  override readonly name = 'NotMine';
}

export interface DispatcherOptions {
  readonly channels: ReadonlyMap<string, Channel>;
  /** What takes a message in place of a channel that cannot. */
  readonly fallback: Readonly<Record<string, readonly string[]>>;
  readonly time: Time;
  /** Asked before every try. */
  readonly mayAct: () => boolean;
  /** Which channels are broken has changed. */
  readonly changed: () => void;
}

/** Why a channel did not take it, or null; and, where it did, who did not get it all the same. */
interface Went {
  readonly why: string | null;
  readonly tries: number;
  readonly partly: string | null;
}

/** Brings one message to one channel, or to the next of its chain, or gives it up. */
export class Dispatcher {
  private readonly options: DispatcherOptions;
  private readonly breakers = new Map<string, Breaker>();

  constructor(options: DispatcherOptions) {
    this.options = options;
    for (const name of options.channels.keys()) this.breakers.set(name, new Breaker());
  }

  broken(): readonly { readonly channel: string; readonly why: string }[] {
    return [...this.breakers].flatMap(([channel, breaker]) => {
      const why = breaker.broken();
      return why === null ? [] : [{ channel, why }];
    });
  }

  /** `meant` is the channel it is for; `failed` hears of each channel of the chain that could not. Rejects only with `NotMine`. */
  async deliver(letter: Letter, meant: string, failed: (outcome: Outcome) => void): Promise<Outcome> {
    const { id, key, channels: own = [] } = letter.alert;
    const { channels, fallback } = this.options;
    // The summary of a day goes by mail.
    const first = meant === 'summary' ? 'email' : meant;
    const chain = [first, ...(fallback[first] ?? []).filter((name) => !own.includes(name))];
    const reasons: string[] = [];
    let tries = 0;
    const outcome = (channel: string, state: Outcome['state'], detail: string | null): Outcome => {
      const place = channel === meant ? {} : { instead: meant };
      return { id, key, channel, ...place, state, tries, detail: detail === null ? null : detail.slice(0, 500) };
    };
    for (const name of chain) {
      const channel = channels.get(name);
      if (channel === undefined) continue;
      const went = await this.tryChannel(channel, letter);
      tries += went.tries;
      if (went.why === null) {
        const said = [...reasons, ...(went.partly === null ? [] : [went.partly])];
        return outcome(name, 'sent', said.length === 0 ? null : said.join('; '));
      }
      reasons.push(went.why);
      if (went.tries > 0) failed(outcome(name, 'failed', went.why));
    }
    if (reasons.length > 0) return outcome(meant, 'dead-lettered', reasons.join('; '));
    const log = channels.get('log') as Channel;
    tries = 1;
    await log.deliver(letter, 1, AbortSignal.timeout(TRY_MS));
    return outcome('log', 'sent', `no channel of ${chain.join(', ')} is set up`);
  }

  private async tryChannel(channel: Channel, letter: Letter): Promise<Went> {
    const { time, mayAct } = this.options;
    const breaker = this.breakers.get(channel.name) as Breaker;
    const refusal = breaker.refusal(time.monotonicMs());
    if (refusal !== null) return { why: `${channel.name} is left alone for a while: ${refusal}`, tries: 0, partly: null };
    const before = breaker.broken();
    let why = '';
    let partly: string | null = null;
    let tries = 0;
    try {
      while (tries < TRIES) {
        if (!mayAct()) throw new NotMine('the lease has gone to another process');
        tries++;
        partly = null;
        const error = await this.once(channel, letter, tries, (what) => {
          partly = what;
        });
        if (error === null) {
          breaker.succeeded();
          return { why: null, tries, partly };
        }
        why = error.message;
        const now = time.monotonicMs();
        if (error.retryAfterMs !== null && error.retryAfterMs > LONGEST_WAIT_MS) {
          breaker.rest(now, error.retryAfterMs, why);
          break;
        }
        breaker.failed(now, why);
        if (error.final || breaker.broken() !== null) break;
        if (tries < TRIES) await pause(time, Math.max(BACKOFF_MS * 2 ** (tries - 1), error.retryAfterMs ?? 0));
      }
      return { why, tries, partly: null };
    } catch (error) {
      breaker.abandoned();
      throw error;
    } finally {
      if (before !== breaker.broken()) this.options.changed();
    }
  }

  private async once(channel: Channel, letter: Letter, tries: number, partly: (what: string) => void): Promise<ChannelError | null> {
    const { time } = this.options;
    const over = new AbortController();
    const cancel = time.after(TRY_MS, () => over.abort());
    try {
      await channel.deliver(letter, tries, over.signal, partly);
      return null;
    } catch (error) {
      if (error instanceof ChannelError) return error;
      // Not the channel's own refusal: a fault of the code, said by its name only, for it may quote what is secret.
      return new ChannelError(`${channel.name} failed (${(error as Error).name})`);
    } finally {
      cancel();
    }
  }
}

function pause(time: Time, ms: number): Promise<void> {
  return new Promise((resolve) => {
    time.after(ms, resolve);
  });
}
