import type { EventType } from '@arb/shared/contracts';
import type { SessionConfig } from '@arb/shared/core';
import { Refusal, type Shell, type ShellContext } from '@arb/shared/runtime';
import { VENUES } from '@arb/venues';
import { type MarketDeps, MarketRun } from './market-run.ts';

/** Books, trades, rates, health, instruments and the universe, as events. Connected only while live and with the lease. */
export class MarketDataShell implements Shell {
  readonly hears: readonly EventType[] = [];
  private readonly deps: MarketDeps;
  private context: ShellContext | null = null;
  private run: MarketRun | null = null;
  private held = false;
  private ended = false;

  constructor(deps: MarketDeps) {
    this.deps = deps;
  }

  onEvent(): void {}

  onLive(context: ShellContext): void {
    expectKnownVenues((context.config as SessionConfig).market);
    this.close();
    this.context = context;
    this.openWhereAllowed();
  }

  onLease(held: boolean): void {
    this.held = held;
    if (held) this.openWhereAllowed();
    else {
      if (this.run !== null) this.deps.log('warn', 'the lease has gone: all connections are closed until it is back');
      this.close();
    }
  }

  onEnd(): void {
    this.ended = true;
    this.close();
  }

  /** A new run knows nothing: so the session hears of every book, rate and health anew. */
  private openWhereAllowed(): void {
    if (this.context === null || !this.held || this.ended || this.run !== null) return;
    this.run = new MarketRun(this.context, this.deps);
  }

  private close(): void {
    this.run?.close();
    this.run = null;
  }
}

export function expectKnownVenues({ venues }: SessionConfig['market']): void {
  for (const { name } of venues)
    if (!VENUES.has(name))
      throw new Refusal(
        `market-data: expected market.venues to name some of ${[...VENUES.keys()].join(', ')}, found ${name}: change market.venues`,
      );
}
