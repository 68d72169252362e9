import { type Links, type Message, messageOf, plainText } from '../message.ts';
import type { Channel } from './channel.ts';
import { postJson } from './post.ts';

/** An incoming webhook: its address is the secret. */
export function slackChannel(webhook: string, links: Links): Channel {
  return {
    name: 'slack',
    async deliver(letter, tries, signal) {
      const message = messageOf(letter, tries, links);
      await postJson('slack', webhook, { text: plainText(message), blocks: blocksOf(message) }, signal);
    },
  };
}

function blocksOf({ mark, head, what, lines }: Message): readonly unknown[] {
  const rows = lines.map(({ name, text, link }) => `*${name}:* ${link === null ? escaped(text) : `<${link}|${escaped(text)}>`}`);
  return [
    { type: 'section', text: { type: 'mrkdwn', text: `${mark} *${escaped(head)}*\n${escaped(what).slice(0, 2_500)}` } },
    { type: 'context', elements: [{ type: 'mrkdwn', text: rows.join('\n').slice(0, 2_900) }] },
  ];
}

/** Slack's own three. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
