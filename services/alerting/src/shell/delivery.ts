import type { AnyEvent, DataOf, EventType } from '@arb/shared/contracts';
import { type Cancel, Effects, type Intent, type Log, type Shell, type ShellContext, type Time } from '@arb/shared/runtime';
import type { AlertingCore } from '../core/alerting.ts';
import type { Channel } from './channel.ts';

type Alert = DataOf<'alert'>;
interface Delivery extends Intent {
  readonly alert: Alert;
}
type Outcome = DataOf<'alert.delivery'>;

const TICK_MS = 100;
const TRIES = 3;
const BACKOFF_MS = 500;
const MOST_OPEN = 2_000;
const AT_ONCE = 4;

/**
 * Brings every alert to people, as holder of the lease, once it is in the journal. At least once: a channel cannot be
 * asked whether a message has arrived, so one that may have been sent is sent again, under the same id.
 */
export class DeliveryShell implements Shell {
  readonly hears: readonly EventType[] = ['alert', 'alert.delivery', 'clock'];
  private readonly channel: Channel;
  private readonly time: Time;
  private readonly log: Log;
  private effects: Effects<Delivery, Outcome> | null = null;
  /** Heard before the session was live here. */
  private early: Delivery[] = [];
  private cancel: Cancel | null = null;

  constructor(deps: { readonly channel: Channel; readonly time: Time; readonly log: Log }) {
    this.channel = deps.channel;
    this.time = deps.time;
    this.log = deps.log;
  }

  onEvent(event: AnyEvent, live: boolean): void {
    if (event.type === 'clock') this.effects?.clockIs(event.at);
    else if (event.type === 'alert.delivery') {
      if (event.data.state === 'failed') return;
      this.early = this.early.filter(({ key }) => key !== event.data.id);
      this.effects?.settled(event.data.id);
    } else if (event.type === 'alert') {
      const delivery: Delivery = { key: event.data.id, position: event.position, validUntil: null, alert: event.data };
      if (this.effects === null) this.early.push(delivery);
      else this.effects.intend(delivery, live);
    }
  }

  onLive(context: ShellContext): void {
    const effects = new Effects<Delivery, Outcome>({
      context,
      act: (delivery) => this.deliver(delivery.alert),
      ask: async () => 'repeat',
      tell: ({ alert, position }, outcome) =>
        context.say('alert.delivery', [alert.severity.toLowerCase()], outcome, position > 0 ? { cause: position } : {}),
      failed: ({ alert }, error) => this.log('warn', `alert ${alert.id} was not delivered: ${error.message}`),
      most: MOST_OPEN,
      atOnce: AT_ONCE,
    });
    // Taken before the snapshot that this process started from: the core remembers them, their positions are journaled.
    const heard = new Set(this.early.map(({ key }) => key));
    for (const alert of (context.core as AlertingCore).undelivered())
      if (!heard.has(alert.id)) effects.intend({ key: alert.id, position: 0, validUntil: null, alert }, false);
    for (const delivery of this.early) effects.intend(delivery, false);
    this.early = [];
    this.effects = effects;
    const tick = (): void => {
      this.cancel = this.time.after(TICK_MS, tick);
      effects.tick();
    };
    tick();
  }

  onLease(held: boolean): void {
    if (!held) this.effects?.leaseLost();
  }

  onEnd(): void {
    this.cancel?.();
    this.cancel = null;
    this.effects = null;
  }

  private async deliver(alert: Alert): Promise<Outcome> {
    const outcome = { id: alert.id, key: alert.key, channel: this.channel.name };
    let why = '';
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        await this.channel.deliver(alert, tries);
        return { ...outcome, state: 'sent', tries, detail: null };
      } catch (error) {
        why = (error as Error).message;
        if (tries < TRIES) await new Promise<void>((resolve) => this.time.after(BACKOFF_MS * tries, resolve));
      }
    }
    return { ...outcome, state: 'dead-lettered', tries: TRIES, detail: why.slice(0, 500) };
  }
}
