import { type Links, type Message, messageOf, plainText } from '../message.ts';
import type { Channel } from './channel.ts';
import { postJson } from './post.ts';
import { cut } from './telegram.ts';

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

/** Slack refuses a block of more than 3,000 letters; one letter may become five of them. */
const MOST_BLOCK = 2_800;

function blocksOf({ mark, head, what, lines }: Message): readonly unknown[] {
  const text = escaped(what).length <= MOST_BLOCK ? what : cut(what, MOST_BLOCK / 5);
  const rows = lines.map(({ name, text, link }) => `*${name}:* ${link === null ? escaped(text) : `<${link}|${escaped(text)}>`}`);
  while (rows.join('\n').length > MOST_BLOCK) rows.pop();
  return [
    { type: 'section', text: { type: 'mrkdwn', text: `${mark} *${escaped(head)}*\n${escaped(text)}` } },
    { type: 'context', elements: [{ type: 'mrkdwn', text: rows.join('\n') }] },
  ];
}

/** Slack's own three. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
