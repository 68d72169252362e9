import type { ConnectionRules, Micros, Output } from '../adapter.ts';

/** One connection's signs of life: what to send when, and when to leave it. */
export class Pulse {
  private readonly rules: ConnectionRules;
  private openedAt: Micros | null = null;
  private heardAt: Micros = 0;
  private sentAt: Micros = 0;
  private leaving = false;
  private renewing = false;

  constructor(rules: ConnectionRules) {
    this.rules = rules;
  }

  get open(): boolean {
    return this.openedAt !== null;
  }

  opened(at: Micros): void {
    this.openedAt = at;
    this.heardAt = at;
    this.sentAt = at;
    this.leaving = false;
    this.renewing = false;
  }

  closed(): void {
    this.openedAt = null;
  }

  heard(at: Micros): void {
    this.heardAt = at;
  }

  /** The venue has announced the end: a successor at once. */
  renew(why: string): readonly Output[] {
    if (this.openedAt === null || this.renewing) return [];
    this.renewing = true;
    return [{ kind: 'reconnect', why, overlap: true }];
  }

  leave(why: string, refused = false): readonly Output[] {
    if (this.openedAt === null || this.leaving) return [];
    this.leaving = true;
    return [{ kind: 'reconnect', why, overlap: false, ...(refused ? { refused } : {}) }];
  }

  tick(at: Micros): readonly Output[] {
    const { rules, openedAt } = this;
    if (openedAt === null) return [];
    if (at - this.heardAt >= rules.silentMs * 1_000) return this.leave(`nothing received for ${rules.silentMs / 1_000} s`);
    const outputs: Output[] = [];
    if (rules.lifetimeMs !== null && at - openedAt >= (rules.lifetimeMs - rules.renewBeforeMs) * 1_000)
      outputs.push(...this.renew(`the venue ends a connection after ${rules.lifetimeMs / 3_600_000} h`));
    if (rules.heartbeat !== null && at - this.sentAt >= rules.heartbeat.everyMs * 1_000) {
      this.sentAt = at;
      outputs.push({ kind: 'send', frame: rules.heartbeat.frame });
    }
    return outputs;
  }
}
