import type { Cancel, Log, Time } from '@arb/shared/runtime';
import type { HttpGet } from '@arb/venues/shell';

/** The bank's own time may be a day old: it is fresh as long as the bank goes on saying it. */
const FRESH_MS = 60_000;
const FRESH_TRIES = 3;
/** A key is good for so many answers a month: a bank that says no is asked more and more rarely, down to once an hour. */
const MOST_REFUSED_MS = 3_600_000;

class Refused extends Error {}

export interface BankNews {
  /** Won for a dollar. */
  readonly rate: number;
  readonly ageMs: number;
  readonly fresh: boolean;
}

export interface BankDeps {
  readonly time: Time;
  readonly get: HttpGet;
  readonly log: Log;
  readonly url: string;
  readonly everyMs: number;
}

/** Asks a bank for USD/KRW, again and again; a failure is said once. */
export class BankRate {
  private readonly deps: BankDeps;
  private known: { readonly rate: number; readonly quotedAt: number; readonly heardMs: number } | null = null;
  private trouble: string | null = null;
  /** In a row. */
  private refusals = 0;
  private cancel: Cancel = () => {};
  private closed = false;

  constructor(deps: BankDeps) {
    this.deps = deps;
    void this.ask();
  }

  news(): BankNews | null {
    const { known } = this;
    if (known === null) return null;
    const { time, everyMs } = this.deps;
    const heardAgoMs = time.monotonicMs() - known.heardMs;
    return {
      rate: known.rate,
      ageMs: Math.max(heardAgoMs, time.wallMicros() / 1_000 - known.quotedAt),
      fresh: heardAgoMs <= Math.max(FRESH_MS, FRESH_TRIES * everyMs),
    };
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private async ask(): Promise<void> {
    const { get, url, time, everyMs, log } = this.deps;
    try {
      const { status, body } = await get(url);
      if (status >= 400 && status < 500) throw new Refused(`answers ${status}`);
      if (status !== 200) throw new Error(`answers ${status}`);
      const read = readBankRate(body);
      this.known = { rate: read.rate, quotedAt: read.quotedAt ?? time.wallMicros() / 1_000, heardMs: time.monotonicMs() };
      if (this.trouble !== null) log('info', 'the bank rate is back');
      this.trouble = null;
      this.refusals = 0;
    } catch (error) {
      this.refusals = error instanceof Refused ? this.refusals + 1 : 0;
      const why = (error as Error).message;
      if (why !== this.trouble) log('warn', `no bank rate: ${why}`);
      this.trouble = why;
    }
    // Exact: a small power of two.
    const rarelyMs = Math.min(MOST_REFUSED_MS, everyMs * 2 ** Math.min(20, this.refusals));
    if (!this.closed) this.cancel = time.after(Math.max(everyMs, rarelyMs), () => void this.ask());
  }
}

/** `{"success":true,"timestamp":…,"source":"USD","quotes":{"USDKRW":1353.68}}`; failures come with status 200. */
export function readBankRate(body: Uint8Array): { readonly rate: number; readonly quotedAt: number | null } {
  const answer = JSON.parse(Buffer.from(body).toString()) as {
    success?: unknown;
    timestamp?: unknown;
    quotes?: { USDKRW?: unknown };
    error?: { type?: unknown; info?: unknown };
  } | null;
  if (answer?.success === false) throw new Refused(`refuses: ${String(answer.error?.type)}: ${String(answer.error?.info)}`.slice(0, 200));
  const rate = answer?.quotes?.USDKRW;
  if (typeof rate !== 'number' || !(rate > 0)) throw new Error('expected a number above 0 in quotes.USDKRW');
  const seconds = answer?.timestamp;
  return { rate, quotedAt: typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : null };
}
