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

const MOST_TEXT = 4_000;

/** To every chat; one that has taken it does not get it again when another fails. */
export function telegramChannel(bot: TelegramBot, links: Links): Channel {
  const taken = new Map<string, Set<string>>();
  return {
    name: 'telegram',
    async deliver(letter, tries, signal) {
      const message = messageOf(letter, tries, links);
      const done = taken.get(idOf(letter)) ?? new Set<string>();
      taken.set(idOf(letter), done);
      if (taken.size > 1_000) taken.delete(taken.keys().next().value as string);
      const quiet = letter.alert.state === 'closed' || letter.alert.severity === 'P3';
      for (const chat of bot.chats) {
        if (done.has(chat)) continue;
        const text = fitted(telegramHtml(message));
        const body = { chat_id: chat, text, parse_mode: 'HTML', disable_notification: quiet, link_preview_options: { is_disabled: true } };
        await bot.call('sendMessage', body, signal);
        done.add(chat);
      }
      taken.delete(idOf(letter));
    },
  };
}

function idOf({ session, alert }: Letter): string {
  return `${session} ${alert.id}`;
}

/** Cut at a line's end, so that no tag is left open. */
function fitted(text: string): string {
  if (text.length <= MOST_TEXT) return text;
  const end = text.lastIndexOf('\n', MOST_TEXT);
  return `${text.slice(0, end > 0 ? end : MOST_TEXT)}\n…`;
}
