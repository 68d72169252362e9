import type { DataOf, StreamEvent } from '@arb/shared/contracts';
import type { Cancel, Log, ShellContext, Time } from '@arb/shared/runtime';
import type { AlertingCore } from '../../core/alerting.ts';
import { ChannelError } from '../channels/channel.ts';
import type { TelegramBot } from '../channels/telegram.ts';
import { escapeHtml } from '../message.ts';
import type { Picture } from './people.ts';

/** Telegram's word for it, and the command that it becomes. */
const COMMANDS: Readonly<Record<string, { readonly command: string; readonly needsTarget?: true }>> = {
  '/halt': { command: 'halt' },
  '/reduceonly': { command: 'reduce-only' },
  '/flatten': { command: 'flatten' },
  '/ack': { command: 'ack', needsTarget: true },
};
const USAGE = '/status, /positions, /halt [why], /reduceonly [why], /flatten [COIN], /ack KEY';

const POLL_SECONDS = 20;
const ANSWER_MS = 3_000;
const REST_MS = [1_000, 30_000] as const;
/** A command that is not in the journal after so long is said not to be confirmed; it may still come. */
const CONFIRM_MS = 10_000;
const MOST_OPEN = 100;
/** What was written before this process could read it is of another moment: it is not obeyed any more. */
const OLDEST_SECONDS = 120;

interface Update {
  readonly update_id: number;
  readonly message?: {
    readonly date?: number;
    readonly text?: string;
    readonly chat?: { readonly id?: number };
    readonly from?: { readonly id?: number; readonly username?: string };
  };
}

interface Given {
  readonly chat: string;
  readonly what: string;
  position: number | null;
  readonly until: number;
}

/**
 * Commands by Telegram, of the allowed chats only: each becomes a `command.*` event, and is confirmed to the person only
 * when that event is in the journal. The event's id is made from the update's, so that one read twice is one command.
 */
export class TelegramCommands {
  private readonly bot: TelegramBot;
  private readonly time: Time;
  private readonly log: Log;
  private readonly picture: Picture;
  private readonly context: ShellContext;
  private readonly core: AlertingCore;
  private readonly obeyed: ReadonlySet<string>;
  private readonly given = new Map<string, Given>();
  private offset = 0;
  private polling: AbortController | null = null;
  private stopped = false;
  private endRest: () => void = () => {};
  private cancelTick: Cancel | null = null;
  private restMs: number = REST_MS[0];

  constructor(deps: {
    readonly bot: TelegramBot;
    readonly time: Time;
    readonly log: Log;
    readonly picture: Picture;
    readonly context: ShellContext;
    /** Ids of commands that the stream has taken, by whichever process they were given. */
    readonly obeyed: ReadonlySet<string>;
  }) {
    this.bot = deps.bot;
    this.time = deps.time;
    this.log = deps.log;
    this.picture = deps.picture;
    this.context = deps.context;
    this.obeyed = deps.obeyed;
    this.core = deps.context.core as AlertingCore;
  }

  start(): void {
    void this.poll();
    const tick = (): void => {
      this.cancelTick = this.time.after(100, tick);
      this.confirm();
    };
    tick();
  }

  stop(): void {
    this.stopped = true;
    this.polling?.abort();
    this.endRest();
    this.cancelTick?.();
  }

  /** A command was taken: of this process' own it is now known where it stands. */
  taken({ data, position }: StreamEvent<'command'>): void {
    const given = this.given.get(data.id);
    if (given !== undefined) given.position = position;
  }

  private async poll(): Promise<void> {
    while (!this.stopped) {
      if (!this.context.holdsLease()) {
        await this.rest(500);
        continue;
      }
      const polling = new AbortController();
      this.polling = polling;
      const cancel = this.time.after((POLL_SECONDS + 5) * 1000, () => polling.abort());
      try {
        const body = { offset: this.offset, timeout: POLL_SECONDS, allowed_updates: ['message'] };
        const updates = (await this.bot.call('getUpdates', body, polling.signal)) as readonly Update[];
        this.restMs = REST_MS[0];
        for (const update of updates) {
          // Read again by whoever acts then.
          if (this.stopped || !this.context.holdsLease()) break;
          // Told once more: it is done with.
          if (update.update_id < this.offset) continue;
          await this.obey(update);
          this.offset = update.update_id + 1;
        }
      } catch (error) {
        if (this.stopped) return;
        this.log('warn', `telegram commands were not read: ${(error as Error).message}`);
        const asked = error instanceof ChannelError ? (error.retryAfterMs ?? 0) : 0;
        await this.rest(Math.max(this.restMs, asked));
        this.restMs = Math.min(REST_MS[1], this.restMs * 2);
      } finally {
        cancel();
      }
    }
  }

  private async obey({ update_id, message }: Update): Promise<void> {
    const chat = String(message?.chat?.id ?? '');
    const text = message?.text?.trim() ?? '';
    if (!this.bot.chats.includes(chat)) {
      this.log('warn', 'a telegram chat that is not allowed gave a command: it was not obeyed', { chat });
      return;
    }
    const [, word = '', rest = ''] = /^(\/[a-z]+)(?:@\w+)?(?:\s+([\s\S]*))?$/i.exec(text) ?? [];
    const name = word.toLowerCase();
    if (name === '/status')
      return this.answer(chat, this.picture.status(this.context.session, this.core.standing(), this.core.openTroubles()));
    if (name === '/positions') return this.answer(chat, this.picture.positions(this.core.standing()));
    const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (known === undefined) return this.answer(chat, `not understood. ${USAGE}`);
    const age = this.time.wallMicros() / 1e6 - (message?.date ?? 0);
    if (age > OLDEST_SECONDS)
      return this.answer(chat, `${name} was written ${Math.round(age)} s ago and was not obeyed: write it again if it still holds`);
    const words = rest.toWellFormed().replaceAll('\u0000', ' ').trim().slice(0, 200);
    if (known.needsTarget && words === '') return this.answer(chat, `${name} needs the key of an alert, such as ${name} VN-002/upbit`);
    if (known.command === 'ack' && this.core.openTroubles(words).length === 0)
      return this.answer(chat, `nothing is open under ${escapeHtml(words)}: nothing was acknowledged. /status names what is open`);
    await this.command(update_id, chat, message?.from?.username ?? String(message?.from?.id ?? chat), known.command, words);
  }

  private async command(update: number, chat: string, person: string, what: string, words: string): Promise<void> {
    const id = `telegram-${update}`;
    // Whoever read it first died before it could say so to Telegram.
    if (this.obeyed.has(id)) return this.answer(chat, `${what} was given already`);
    const target = what === 'flatten' || what === 'ack' ? words : '';
    const why = target === '' && words !== '' ? words : 'by telegram';
    const data: DataOf<'command'> = {
      id,
      by: `telegram:${person.replaceAll(/[^\w-]/g, '').slice(0, 40)}`,
      why,
      ...(target === '' ? {} : { target }),
    };
    // Before it is said: it may be read back at once.
    this.given.set(id, {
      chat,
      what: target === '' ? what : `${what} ${target}`,
      position: null,
      until: this.time.monotonicMs() + CONFIRM_MS,
    });
    if (this.given.size <= MOST_OPEN && this.context.say('command', [what], data)) return;
    this.given.delete(id);
    await this.answer(chat, `<b>${what} was NOT given</b>: the stream takes nothing at this moment. Write it again.`);
  }

  private confirm(): void {
    for (const [id, { chat, what, position, until }] of this.given) {
      if (position !== null && this.context.committed() >= position) {
        this.given.delete(id);
        void this.answer(chat, `${escapeHtml(what)} is given: event ${this.context.session}:${position}${this.beside(what)}`);
      } else if (this.time.monotonicMs() >= until) {
        this.given.delete(id);
        void this.answer(
          chat,
          `${escapeHtml(what)} is <b>not confirmed</b>: it was said and is not in the journal yet. Look at the dashboard.`,
        );
      }
    }
  }

  /** What is closed may be opened again the moment after: whoever wants out must say so. */
  private beside(what: string): string {
    if (!what.startsWith('flatten') || this.core.standing().guard?.mode !== 'ACTIVE') return '';
    return '. Trading goes on, and may enter again once it is closed: /reduceonly lets nothing new in';
  }

  private async answer(chat: string, text: string): Promise<void> {
    try {
      await this.bot.call('sendMessage', { chat_id: chat, text, parse_mode: 'HTML' }, AbortSignal.timeout(ANSWER_MS));
    } catch (error) {
      this.log('warn', `a telegram command was not answered: ${(error as Error).message}`);
    }
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.time.after(ms, resolve);
      this.endRest = () => {
        cancel();
        resolve();
      };
    });
  }
}
