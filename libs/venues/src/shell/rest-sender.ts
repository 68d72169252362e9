import type { VenueAdapter } from '../adapter.ts';
import { backoffMs } from '../limits.ts';
import type { RestRequest, RestResponse } from '../rest.ts';
import type { SignedRequest } from '../signing.ts';
import { Bucket, type Urgency } from './bucket.ts';
import type { Clock } from './clock.ts';
import type { HttpGet } from './http-get.ts';

/** Ordinary requests under way at a time. Those that hang leave as many places again to what is urgent. */
const AT_ONCE = 4;
const MOST_WAITING = 500;
const NEXT_TRY_MS = 5;

export interface Ask {
  /** The same question of the same owner is asked once. */
  readonly owner: object;
  readonly request: RestRequest;
  readonly urgency: Urgency;
  /** Whoever asked may be gone by the time it is its turn. */
  readonly wanted: () => boolean;
  /** Status 0: no answer was had; the body says why. */
  readonly answered: (response: RestResponse) => void;
}

export interface RestSenderDeps {
  readonly adapter: VenueAdapter;
  readonly clock: Clock;
  readonly get: HttpGet;
  readonly address: (request: Pick<RestRequest, 'host' | 'path'>) => string;
  /** Null where there is no key: what has to be signed is not asked then. */
  readonly sign: ((request: RestRequest) => SignedRequest) | null;
}

interface Turn {
  readonly bucket: Bucket | null;
  failures: number;
  notBefore: number;
  /** The last failure was that nobody answered, or nothing of use: the venue has not said that it is too much. */
  away: boolean;
}

export interface RestCounts {
  readonly sent: number;
  readonly failed: number;
  readonly slowedDown: number;
  readonly overflowed: number;
}

/** Sends a venue's REST requests within its limits; slowed down or shut out, it waits and never hammers. */
export class RestSender {
  private readonly deps: RestSenderDeps;
  private readonly turns = new Map<string, Turn>();
  private waiting: Ask[] = [];
  private running = 0;
  private barredUntil = 0;
  private cancelPump: (() => void) | null = null;
  private closed = false;
  private readonly counted = { sent: 0, failed: 0, slowedDown: 0, overflowed: 0 };

  constructor(deps: RestSenderDeps) {
    this.deps = deps;
    for (const limit of deps.adapter.limits)
      this.turns.set(limit.name, { bucket: new Bucket(limit), failures: 0, notBefore: 0, away: false });
  }

  ask(ask: Ask): void {
    if (this.closed) return;
    // Asked again before its turn came: the newer one takes the older one's place.
    const same = this.waiting.findIndex(({ owner, request: { path } }) => owner === ask.owner && path === ask.request.path);
    if (same >= 0) this.waiting[same] = ask;
    else if (this.waiting.length >= MOST_WAITING) {
      this.counted.overflowed++;
      // Whoever asks waits for an answer before asking again.
      ask.answered(noAnswer(`${MOST_WAITING} requests wait already`));
      return;
    } else this.waiting.push(ask);
    this.pump();
  }

  close(): void {
    this.closed = true;
    this.waiting = [];
    this.cancelPump?.();
  }

  counts(): RestCounts {
    return { ...this.counted };
  }

  /** The venue is there again: what was only away is asked at once, and what said wait is obeyed as before. */
  revived(): void {
    for (const turn of this.turns.values()) {
      if (!turn.away) continue;
      turn.failures = 0;
      turn.notBefore = 0;
      turn.away = false;
    }
    this.pump();
  }

  /** Ms until requests are sent again; 0 where the venue has not shut this address out. */
  barredMs(): number {
    return Math.max(0, this.barredUntil - this.deps.clock.monotonicMs());
  }

  /** The fullest of the limits, 0 to 1. */
  used(): number {
    const now = this.deps.clock.monotonicMs();
    return Math.max(0, ...[...this.turns.values()].map(({ bucket }) => bucket?.used(now) ?? 0));
  }

  private pump(): void {
    this.cancelPump?.();
    this.cancelPump = null;
    const now = this.deps.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    // What is urgent first, each kind in the order in which it came.
    const inOrder = [...this.waiting.filter(isUrgent), ...this.waiting.filter((ask) => !isUrgent(ask))];
    for (const ask of inOrder) {
      if (this.running >= (isUrgent(ask) ? 2 * AT_ONCE : AT_ONCE)) continue;
      const waitMs = ask.wanted() ? this.waitMs(ask, now) : 0;
      if (waitMs > 0) {
        next = Math.min(next, waitMs);
        continue;
      }
      this.waiting.splice(this.waiting.indexOf(ask), 1);
      if (ask.wanted()) this.send(ask, now);
    }
    if (next < Number.POSITIVE_INFINITY) this.cancelPump = this.deps.clock.after(Math.max(NEXT_TRY_MS, next), () => this.pump());
  }

  private waitMs({ request, urgency }: Ask, now: number): number {
    const turn = this.turnOf(request.limit);
    return Math.max(this.barredUntil - now, turn.notBefore - now, turn.bucket?.waitMs(request.weight, urgency, now) ?? 0);
  }

  private send(ask: Ask, now: number): void {
    const { request } = ask;
    const { address, sign, get, adapter } = this.deps;
    if (request.signed && sign === null) {
      ask.answered(noAnswer('it needs a key'));
      return;
    }
    const { path, headers } = request.signed && sign !== null ? sign(request) : { path: request.path, headers: {} };
    this.turnOf(request.limit).bucket?.spend(request.weight, now);
    this.running++;
    this.counted.sent++;
    get(address({ host: request.host, path }), adapter.connection.forbiddenHeaders, headers).then(
      (response) => this.done(ask, response),
      (error: Error) => this.done(ask, noAnswer(error.message)),
    );
  }

  private done(ask: Ask, response: RestResponse): void {
    this.running--;
    if (this.closed) return;
    const { limit } = ask.request;
    const news = this.deps.adapter.limitNews(response);
    const now = this.deps.clock.monotonicMs();
    this.turns.get(news.limit ?? limit)?.bucket?.learn(news, now);
    const asked = this.turnOf(limit);
    const { status } = response;
    if (status === 429 || status === 418 || news.banned) this.counted.slowedDown++;
    if (status === 0 || status >= 500 || status === 429 || news.waitMs !== null) {
      asked.failures++;
      const waitMs = backoffMs(asked.failures, news.waitMs);
      asked.away = status !== 429 && news.waitMs === null;
      asked.notBefore = Math.max(asked.notBefore, now + waitMs);
      // A ban is of the address, whatever was asked for.
      if (news.banned) this.barredUntil = Math.max(this.barredUntil, now + waitMs);
    } else asked.failures = 0;
    if (status !== 200) this.counted.failed++;
    if (ask.wanted()) ask.answered(response);
    this.pump();
  }

  private turnOf(limit: string): Turn {
    const known = this.turns.get(limit);
    if (known !== undefined) return known;
    const turn: Turn = { bucket: null, failures: 0, notBefore: 0, away: false };
    this.turns.set(limit, turn);
    return turn;
  }
}

function isUrgent(ask: Ask): boolean {
  return ask.urgency === 'urgent';
}

function noAnswer(why: string): RestResponse {
  return { status: 0, headers: {}, body: Buffer.from(why) };
}
