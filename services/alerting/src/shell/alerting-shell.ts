import type { AnyEvent, DataOf, EventType } from '@arb/shared/contracts';
import type { AlertRules, SessionConfig } from '@arb/shared/core';
import type { Cancel, Log, Shell, ShellContext, Time } from '@arb/shared/runtime';
import type { AlertingCore } from '../core/alerting.ts';
import type { Channels } from './channels/index.ts';
import { type Call, DeadMan } from './dead-man.ts';
import { Dispatcher, NotMine } from './dispatch/dispatcher.ts';
import { type Letter, letterOf, type Outcome } from './letter.ts';
import { AlertQueue } from './queue/alert-queue.ts';
import type { Queued, RedisQueue } from './queue/redis-queue.ts';
import { TelegramCommands } from './telegram/commands.ts';
import { Picture } from './telegram/people.ts';

export interface AlertingShellDeps {
  readonly channels: Channels;
  /** One for each session. */
  readonly makeRedis: (session: string, boot: string) => RedisQueue | null;
  readonly backlog: (session: string, from: number, limit: number) => Promise<readonly Queued[]>;
  readonly ping: (() => Promise<void>) | null;
  /** The head of the seals, as it is heard: the summary of a day names it. */
  readonly sealed: (head: DataOf<'journal.committed'>) => void;
  readonly time: Time;
  readonly log: Log;
}

const TICK_MS = 1_000;
const SAY_MS = 50;
const REPEAT_MS = 60_000;
/** Carried over from the parent session, or given up by Redis: as many as the core remembers. */
const MOST_LOOSE = 5_000;
const MOST_BURIED = 1_000;
/** Commands that might be told once more: Telegram keeps them for a day, but they are obeyed for minutes only. */
const MOST_OBEYED = 1_000;

/**
 * Brings alerts to people, as holder of the lease, once they are in the journal. At least once: a channel cannot be
 * asked whether a message has arrived, so one that may have been sent is sent again, under the same id.
 */
export class AlertingShell implements Shell {
  readonly hears: readonly EventType[] = ['alert', 'alert.delivery', 'clock', 'command', 'service.heartbeat', 'journal.committed'];
  private readonly deps: AlertingShellDeps;
  private readonly picture = new Picture();
  private readonly deadMan: DeadMan;
  private readonly obeyed = new Set<string>();
  private context: ShellContext | null = null;
  private queue: AlertQueue | null = null;
  private redis: RedisQueue | null = null;
  private dispatcher: Dispatcher | null = null;
  private commands: TelegramCommands | null = null;
  private cancelTick: Cancel | null = null;
  /** By position: heard before the session was live here. */
  private readonly early = new Map<number, Letter>();
  private readonly loose: Letter[] = [];
  private deliveringLoose = 0;
  /** Dead letters that Redis has not taken yet. */
  private readonly unburied: string[] = [];
  private dead = 0;
  private saidQueue = '';
  private saidQueueAt = Number.NEGATIVE_INFINITY;
  private sendingAgain = false;

  constructor(deps: AlertingShellDeps) {
    this.deps = deps;
    this.deadMan = new DeadMan({ time: deps.time, log: deps.log, ping: deps.ping, call: (what) => this.callPastStream(what) });
  }

  onEvent(event: AnyEvent, live: boolean): void {
    if (live) this.deadMan.heard(this.context?.committed() ?? 0);
    this.picture.take(event);
    if (event.type === 'command') {
      this.obeyed.add(event.data.id);
      if (this.obeyed.size > MOST_OBEYED) this.obeyed.delete(this.obeyed.keys().next().value as string);
      this.commands?.taken(event);
    }
    if (event.type === 'journal.committed') this.deps.sealed(event.data);
    else if (event.type === 'alert') {
      const letter = letterOf(event);
      if (this.queue !== null) this.raise(letter);
      else this.early.set(letter.position, letter);
      // The core knows what is undelivered; this only remembers where it stands.
      if (this.early.size > MOST_LOOSE) this.early.delete(this.early.keys().next().value as number);
    }
  }

  onLive(context: ShellContext): void {
    const { time, channels, log } = this.deps;
    const rules = (context.config as Partial<SessionConfig>).alerting?.rules ?? null;
    this.context = context;
    this.redis = this.deps.makeRedis(context.session, context.boot);
    this.dispatcher = new Dispatcher({
      channels: channels.byName,
      fallback: fallbackOf(rules),
      time,
      mayAct: () => context.holdsLease(),
      changed: () => this.sayQueue(),
    });
    this.queue = new AlertQueue({
      redis: this.redis,
      time,
      backlog: (from, limit) =>
        this.told('alerts that wait in the journal cannot be read', this.deps.backlog(context.session, from, limit)),
      committed: () => context.committed(),
      mayAct: () => context.holdsLease(),
      settled: (entry) => this.leftOf(letterIn(entry)).length === 0,
      deliver: (entry) => this.told(`the alert at ${entry.position} was not delivered`, this.deliver(letterIn(entry))),
      changed: () => this.sayQueue(),
    });
    this.raiseUndelivered();
    this.queue.start();
    this.deadMan.start();
    if (channels.bot !== null) {
      this.commands = new TelegramCommands({ bot: channels.bot, time, log, picture: this.picture, context, obeyed: this.obeyed });
      this.commands.start();
    }
    const tick = (): void => {
      this.cancelTick = time.after(TICK_MS, tick);
      this.tick();
    };
    tick();
  }

  onLease(held: boolean): void {
    this.deadMan.lease(held);
  }

  onEnd(): void {
    this.cancelTick?.();
    this.queue?.stop();
    this.commands?.stop();
    this.deadMan.stop();
    this.queue = null;
    this.commands = null;
    this.context = null;
  }

  /** What this process has read and what the core still remembers from before: those whose place is unknown go straight on. */
  private raiseUndelivered(): void {
    const known = new Map([...this.early.values()].map((letter) => [letter.alert.id, letter]));
    this.early.clear();
    const placed: Letter[] = [];
    for (const { alert } of this.core().undelivered()) {
      const letter = known.get(alert.id);
      if (letter !== undefined) placed.push(letter);
      else if (this.loose.length < MOST_LOOSE)
        this.loose.push({ alert, session: this.session(), position: 0, at: alert.since ?? this.deps.time.wallMicros(), about: null });
    }
    for (const letter of placed.sort((a, b) => a.position - b.position)) this.raise(letter);
  }

  private raise(letter: Letter): void {
    if (this.leftOf(letter).length > 0) this.queue?.raise({ position: letter.position, body: JSON.stringify(letter) });
  }

  private leftOf(letter: Letter): readonly string[] {
    return letter.only === undefined ? this.core().leftOf(letter.alert.id) : [letter.only];
  }

  // ---- one letter ---------------------------------------------------------------------------------------------------

  /** To every channel that has not taken it yet; resolves once the stream has been told of all of them. */
  private async deliver(letter: Letter): Promise<void> {
    const dispatcher = this.dispatcher as Dispatcher;
    await Promise.all(
      this.leftOf(letter).map(async (channel) => {
        const outcome = await dispatcher.deliver(letter, channel, (failed) => void this.trySay(letter, failed));
        if (outcome.state === 'dead-lettered') this.bury({ ...letter, only: channel });
        await this.say(letter, outcome);
      }),
    );
  }

  /** The queue tries again, many times a second: a person is told of the fault once, until it is another one. */
  private async told<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const fault = `${what}, and is tried again: ${(error as Error).message}`;
      if (!(error instanceof NotMine) && fault !== this.lastFault) this.deps.log('warn', fault);
      this.lastFault = fault;
      throw error;
    }
  }
  private lastFault = '';

  /** The stream may take nothing for a moment; an outcome is not lost for that. */
  private async say(letter: Letter, outcome: Outcome): Promise<void> {
    while (!this.trySay(letter, outcome)) {
      if (this.context === null || !this.context.holdsLease()) throw new NotMine('the outcome could not be said any more');
      await new Promise<void>((resolve) => this.deps.time.after(SAY_MS, resolve));
    }
  }

  private trySay({ alert, position }: Letter, outcome: Outcome): boolean {
    const cause = position > 0 ? { cause: position } : {};
    return this.context?.say('alert.delivery', [alert.severity.toLowerCase()], outcome, cause) ?? false;
  }

  // ---- every second -------------------------------------------------------------------------------------------------

  private tick(): void {
    if (this.context === null || !this.context.holdsLease()) return;
    while (this.deliveringLoose < 4 && this.loose.length > 0) void this.deliverLoose(this.loose.shift() as Letter);
    void this.lookAfterDead();
    this.sayQueue();
  }

  private async deliverLoose(letter: Letter): Promise<void> {
    this.deliveringLoose++;
    try {
      await this.deliver(letter);
    } catch (error) {
      if (!(error instanceof NotMine)) throw error;
      this.loose.push(letter);
    } finally {
      this.deliveringLoose--;
    }
  }

  private bury(letter: Letter): void {
    this.deps.log('error', `no channel took alert ${letter.alert.id}: ${letter.alert.summary}`, {
      key: letter.alert.key,
      meant: letter.only,
    });
    // In the journal it is dead-lettered anyway; what does not fit here cannot be sent once more by hand.
    if (this.unburied.length < MOST_BURIED) this.unburied.push(JSON.stringify(letter));
    this.dead++;
  }

  private async lookAfterDead(): Promise<void> {
    const { redis } = this;
    if (redis === null || this.sendingAgain || this.queue?.status().store !== 'redis') return;
    this.sendingAgain = true;
    try {
      for (let body = this.unburied[0]; body !== undefined; body = this.unburied[0]) {
        await redis.bury(body);
        this.unburied.shift();
      }
      this.dead = await redis.dead();
      for (const { id, body } of await redis.again(10)) {
        const letter = readLetter(body);
        if (letter !== null) await this.deliver(letter);
        else {
          // It must not stand in the way of the others; for the version that can read it, it is among the dead again.
          this.deps.log('error', `dead letter ${id} is of another version, which this one cannot send: ${body.slice(0, 200)}`);
          await redis.bury(body);
        }
        await redis.sentAgain(id);
      }
    } catch (error) {
      this.deps.log('warn', `dead letters were not looked after: ${(error as Error).message}`);
    } finally {
      this.sendingAgain = false;
    }
  }

  private sayQueue(): void {
    const { context, queue, dispatcher, deps } = this;
    if (context === null || queue === null || dispatcher === null || !context.holdsLease()) return;
    const { store, why, waiting } = queue.status();
    const broken = dispatcher.broken();
    const state = JSON.stringify([store, this.dead, broken.map(({ channel }) => channel)]);
    const now = deps.time.monotonicMs();
    const wrong = store === 'memory' || this.dead > 0 || broken.length > 0;
    if (state === this.saidQueue && !(wrong && now - this.saidQueueAt >= REPEAT_MS)) return;
    // Nothing was wrong and nothing is: nobody needs to know.
    if (this.saidQueue === '' && !wrong) {
      this.saidQueue = state;
      return;
    }
    if (!context.say('alert.queue', [], { store, why: why.slice(0, 300), waiting, dead: this.dead, broken: broken.slice(0, 16) })) return;
    this.saidQueue = state;
    this.saidQueueAt = now;
  }

  // ---- past the stream ----------------------------------------------------------------------------------------------

  /** Nothing of this is journaled, for nothing can be: it is the one message that follows no event. */
  private callPastStream({ severity, summary, sinceMicros, runbook }: Call): void {
    const { time, log } = this.deps;
    log(severity === 'P0' ? 'error' : 'info', summary);
    const state = severity === 'P0' ? 'raised' : 'closed';
    const key = runbook;
    const at = time.wallMicros();
    const letter: Letter = {
      alert: {
        // Of this call, or a mail program would show the next one as the same.
        id: `${key}-${at}-${state}`,
        key,
        rule: 'PAST-STREAM',
        severity,
        state,
        summary,
        count: 1,
        since: sinceMicros,
        runbook,
        channels: [],
      },
      session: this.session(),
      position: 0,
      at,
      about: null,
    };
    const caller = new Dispatcher({
      channels: this.deps.channels.byName,
      fallback: { telegram: ['slack', 'email', 'alertmanager', 'log'] },
      time,
      mayAct: () => true,
      changed: () => {},
    });
    void caller.deliver(letter, 'telegram', ({ detail }) => log('warn', `calling past the stream: ${detail}`));
  }

  private lastSession = '-';
  private session(): string {
    if (this.context !== null) this.lastSession = this.context.session;
    return this.lastSession;
  }

  private core(): AlertingCore {
    return this.context?.core as AlertingCore;
  }
}

function letterIn({ body, position }: Queued): Letter {
  const letter = readLetter(body);
  if (letter === null) throw new Error(`the alert at ${position} cannot be read: ${body.slice(0, 200)}`);
  return letter;
}

/** Null for what another version may have written into Redis. */
function readLetter(body: string): Letter | null {
  try {
    const letter = JSON.parse(body) as Partial<Letter> | null;
    return typeof letter?.alert?.id === 'string' && typeof letter.position === 'number' ? (letter as Letter) : null;
  } catch {
    return null;
  }
}

function fallbackOf(rules: AlertRules | null): Readonly<Record<string, readonly string[]>> {
  return rules?.fallback ?? {};
}
