import type { LeasedServiceName } from '../contracts/index.ts';
import type { Time } from './ports.ts';
import type { Turns } from './turns.ts';

const RENEW_MS = 300;
/** Monotonic time that a holder trusts in after it *said* a renewal that it has since read back. */
const TRUST_MS = 1_000;
/** Whoever slept longer than this has lost its hold, whatever the stream says. */
const LONGEST_PAUSE_MS = 500;
const CLAIM_AGAIN_MS = 500;
/** Own words not read back yet. Many more than trust could rest on: beyond it nothing more is said. */
const MOST_UNDER_WAY = 16;

/** Claims and renews one lease, and knows at every moment whether it may still be trusted. */
export class LeaseKeeper {
  private readonly service: LeasedServiceName;
  private readonly boot: string;
  private readonly time: Time;
  private readonly turns: Turns;
  private readonly say: (act: 'claim' | 'renew' | 'release', term: number) => boolean;
  private readonly changed: (held: boolean) => void;
  private trustedUntil = 0;
  /** Until then another holder may still trust in a renewal that it has said: it is not acted beside it. */
  private othersUntil = 0;
  private ticked = false;
  /** What was said and is not read back yet, in order: it comes back in order, and equal words are told apart by nothing else. */
  private underWay: { readonly act: 'claim' | 'renew'; readonly term: number; readonly at: number }[] = [];
  private nextSay = 0;
  private lastTick: number;
  private held = false;
  private released = false;

  constructor(options: {
    service: LeasedServiceName;
    boot: string;
    time: Time;
    turns: Turns;
    say: (act: 'claim' | 'renew' | 'release', term: number) => boolean;
    changed: (held: boolean) => void;
  }) {
    this.service = options.service;
    this.boot = options.boot;
    this.time = options.time;
    this.turns = options.turns;
    this.say = options.say;
    this.changed = options.changed;
    this.lastTick = options.time.monotonicMs();
  }

  /** True only while nobody else can hold it. */
  holds(): boolean {
    const now = this.time.monotonicMs();
    return this.held && now < this.trustedUntil && now >= this.othersUntil && now - this.lastTick <= LONGEST_PAUSE_MS;
  }

  /** Called several times a second while the session is live. */
  tick(): void {
    if (this.released) return;
    const now = this.time.monotonicMs();
    if (now - this.lastTick > LONGEST_PAUSE_MS) this.trustedUntil = 0;
    this.lastTick = now;
    const holder = this.turns.holderOf(this.service);
    // It may have joined right behind a renewal without having read it, and behind a clock that has jumped.
    if (!this.ticked && holder !== null && holder.boot !== this.boot && !holder.released) this.othersUntil = now + TRUST_MS;
    this.ticked = true;
    this.settle(now);
    if (now < this.nextSay) return;
    if (holder !== null && holder.boot === this.boot) {
      if (this.tell('renew', holder.term, now)) this.nextSay = now + RENEW_MS;
    } else if (holder === null || !holder.running) {
      if (this.tell('claim', (holder?.term ?? 0) + 1, now)) this.nextSay = now + CLAIM_AGAIN_MS;
    }
  }

  /**
   * Somebody's lease event was read and taken. The session's clock may jump (a journal that slept, or a new one), and
   * with it a lease ends early; what its holder trusts in is its own monotonic time, which began before this reading.
   */
  heard(boot: string, act: string): void {
    if (boot === this.boot || this.turns.holderOf(this.service)?.boot !== boot) return;
    this.othersUntil = act === 'release' ? 0 : this.time.monotonicMs() + TRUST_MS;
  }

  /** An own lease event was read back in its turn and taken. */
  readBack(act: string, term: number): void {
    if (this.released) return;
    const place = this.underWay.findIndex((said) => said.act === act && said.term === term);
    const said = this.underWay.splice(0, place + 1).at(-1);
    const holder = this.turns.holderOf(this.service);
    if (said === undefined || holder === null || holder.boot !== this.boot || holder.term !== term) return;
    this.trustedUntil = Math.max(this.trustedUntil, said.at + TRUST_MS);
    if (act === 'claim') this.nextSay = 0;
    this.settle(this.time.monotonicMs());
  }

  /**
   * For good: a process that stops neither renews nor claims any more. A lease that is released is taken at once, so it
   * is released only where nobody else trusts in it either: else it is left to end by the clock.
   */
  release(): void {
    this.released = true;
    const now = this.time.monotonicMs();
    const holder = this.turns.holderOf(this.service);
    if (holder?.boot === this.boot && now >= this.othersUntil) this.say('release', holder.term);
    this.trustedUntil = 0;
    this.settle(now);
  }

  private tell(act: 'claim' | 'renew', term: number, now: number): boolean {
    if (this.underWay.length >= MOST_UNDER_WAY || !this.say(act, term)) return false;
    this.underWay.push({ act, term, at: now });
    return true;
  }

  private settle(now: number): void {
    const holder = this.turns.holderOf(this.service);
    const held = now < this.trustedUntil && now >= this.othersUntil && holder !== null && holder.boot === this.boot;
    if (held === this.held) return;
    this.held = held;
    this.changed(held);
  }
}
