import { type AnyEvent, type DataOf, type EventType, LEASED_SERVICES, type LeasedServiceName } from '../contracts/index.ts';
import type { Core } from '../core/index.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { RunDeps } from './run-deps.ts';
import type { SayOptions, Shell, ShellContext } from './shell.ts';
import type { Turns } from './turns.ts';

export interface ShellSideOptions {
  readonly deps: Pick<RunDeps, 'service' | 'boot' | 'time'>;
  readonly session: string;
  readonly turns: Turns;
  /** As what it speaks. */
  readonly source: string;
  /** Null in a service that touches nothing. */
  readonly shell: Shell | null;
  /** The core beside it. */
  readonly core: Core | null;
  /** False, with nothing said, when it cannot be said now. What is `important` is said while the process stops, too. */
  readonly say: <K extends EventType>(
    type: K,
    words: readonly string[],
    data: DataOf<K>,
    options?: SayOptions,
    important?: boolean,
  ) => boolean;
  /** How many more events the shell may say at this moment. */
  readonly room: () => number;
}

/** The part of a service that touches the world, as its session sees it: what it hears, what it may do, and its lease. */
export class ShellSide {
  /** Types of events that the shell is given. */
  readonly hears: ReadonlySet<string>;
  /** By the last clock: up to here all is in Postgres. */
  committed = 0;
  private readonly options: ShellSideOptions;
  private readonly shell: Shell | null;
  private readonly lease: LeaseKeeper | null;
  private fill = 0;

  constructor(options: ShellSideOptions) {
    const { shell, turns, say } = options;
    const { service, boot, time } = options.deps;
    this.options = options;
    this.shell = shell;
    this.hears = new Set<string>(shell?.hears ?? []);
    this.lease =
      shell !== null && (LEASED_SERVICES as readonly string[]).includes(service)
        ? new LeaseKeeper({
            service: service as LeasedServiceName,
            boot,
            time,
            turns,
            say: (act, term) => say('lease', [service], { service: service as LeasedServiceName, boot, term, act }, undefined, true),
            changed: (held) => shell.onLease(held),
          })
        : null;
  }

  get holdsLease(): boolean {
    return this.lease?.holds() ?? false;
  }

  /** An event was taken. */
  hear(event: AnyEvent, live: boolean): void {
    if (event.type === 'clock') {
      this.committed = event.data.committed;
      this.fill = event.data.fill;
    } else if (event.type === 'lease' && event.data.service === this.options.deps.service) {
      this.lease?.heard(event.data.boot, event.data.act);
      if (event.source === this.options.source) this.lease?.readBack(event.data.act, event.data.term);
    }
    if (this.hears.has(event.type)) this.shell?.onEvent(event, live);
  }

  /** Caught up for the first time. */
  begin(config: unknown): void {
    this.shell?.onLive(this.context(config));
  }

  /** Several times a second while the session is live. */
  tick(): void {
    this.lease?.tick();
  }

  /** The process is about to stop. */
  leave(): void {
    this.lease?.release();
    this.shell?.onEnd();
  }

  end(): void {
    this.shell?.onEnd();
  }

  private context(config: unknown): ShellContext {
    const { deps, session, core, say, room } = this.options;
    return {
      session,
      boot: deps.boot,
      time: deps.time,
      config,
      core,
      say: (type, words, data, options) => say(type, words, data, options),
      room,
      holdsLease: () => this.holdsLease,
      fill: () => this.fill,
      committed: () => this.committed,
    };
  }
}
