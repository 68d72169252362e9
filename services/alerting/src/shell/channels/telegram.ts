import type { Log } from '@arb/shared/runtime';
import type { Letter } from '../letter.ts';
import { type Links, messageOf, telegramHtml } from '../message.ts';
import { type Channel, ChannelError } from './channel.ts';
import { postJson } from './post.ts';

/** The Bot API: one method a request, the token in the path. */
export interface TelegramBot {
  readonly chats: readonly string[];
  call(method: string, body: unknown, signal: AbortSignal): Promise<unknown>;
}

export function telegramBot(url: string, token: string, chats: readonly string[]): TelegramBot {
  const base = `${url.replace(/\/+$/, '')}/bot${token}`;
  return {
    chats,
    async call(method, body, signal) {
      const { text } = await postJson('telegram', `${base}/${method}`, body, signal);
      let answer: { readonly ok?: boolean; readonly result?: unknown };
      try {
        answer = JSON.parse(text) as typeof answer;
      } catch {
        throw new ChannelError('telegram answered with something that is not JSON');
      }
      if (answer.ok !== true) throw new ChannelError(`telegram did not do ${method}`, { final: true });
      return answer.result;
    },
  };
}

/** Of what Telegram takes at most, as it is read: 4,096 letters, the lines below it among them. */
const MOST_WHAT = 2_500;

/**
 * To every chat; one that has taken it does not get it again when another fails. A chat that refuses for good (the bot was
 * thrown out of it) keeps nobody else from being told: it counts only where no other has taken the message.
 */
export function telegramChannel(bot: TelegramBot, links: Links, log: Log): Channel {
  const taken = new Map<string, Set<string>>();
  return {
    name: 'telegram',
    async deliver(letter, tries, signal, partly) {
      const message = messageOf(letter, tries, links);
      const done = taken.get(idOf(letter)) ?? new Set<string>();
      taken.set(idOf(letter), done);
      if (taken.size > 1_000) taken.delete(taken.keys().next().value as string);
      const quiet = letter.alert.state === 'closed' || letter.alert.severity === 'P3';
      const text = telegramHtml({ ...message, what: cut(message.what, MOST_WHAT) });
      const went = await Promise.allSettled(
        bot.chats
          .filter((chat) => !done.has(chat))
          .map(async (chat) => {
            const body = {
              chat_id: chat,
              text,
              parse_mode: 'HTML',
              disable_notification: quiet,
              link_preview_options: { is_disabled: true },
            };
            await bot.call('sendMessage', body, signal);
            done.add(chat);
          }),
      );
      const errors = went.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
      const again = errors.find((error) => !(error instanceof ChannelError && error.final));
      const [first] = errors;
      if (again !== undefined) throw again;
      if (first !== undefined && done.size === 0) throw first;
      if (first !== undefined) {
        const what = `${errors.length} of ${bot.chats.length} telegram chats were not told: ${first.message}`;
        log('warn', what);
        partly?.(what);
      }
      taken.delete(idOf(letter));
    },
  };
}

/** Before anything is escaped, so that neither a tag nor a letter's escape is cut in two. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

function idOf({ session, alert }: Letter): string {
  return `${session} ${alert.id}`;
}
