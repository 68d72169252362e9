import type { Severity } from '@arb/shared/core';
import type { Letter } from './letter.ts';

/** Where messages point to. */
export interface Links {
  readonly dashboard: string | null;
  readonly runbook: string | null;
}

/** What a person reads at three in the morning: what, since when, how bad, which event, what to do. */
export interface Message {
  readonly severity: Severity;
  readonly mark: string;
  /** `P1 OPEN`. */
  readonly head: string;
  readonly what: string;
  readonly lines: readonly { readonly name: string; readonly text: string; readonly link: string | null }[];
}

const MARKS = { P0: '🔴', P1: '🟠', P2: '🟡', P3: '🔵' } as const;
const MEANING = { P0: 'get up now', P1: 'look now', P2: 'look today', P3: 'good to know' } as const;
const WORDS = {
  opened: 'OPEN',
  'still-open': 'STILL OPEN',
  escalated: 'ESCALATED',
  acknowledged: 'TAKEN',
  closed: 'CLOSED',
  moment: 'NOTE',
  grouped: 'MANY',
  digest: 'HELD BACK',
  day: 'DAY',
} as const;

export function messageOf(letter: Letter, tries: number, links: Links): Message {
  const { alert, session, position, about, at } = letter;
  const { severity, state, step, summary, since, count, key, rule, runbook, id } = alert;
  const word = step === undefined ? (state === 'closed' ? 'CLOSED' : 'OPEN') : WORDS[step];
  const event = about === null && position === 0 ? null : eventRef(session, about ?? position);
  const began = since ?? at;
  const lines = [
    { name: 'since', text: `${timeOf(began)}${at - began >= 1_000_000 ? `, ${lasted(at - began)} before this message` : ''}`, link: null },
    { name: 'rule', text: `${key === rule ? rule : key}${count > 1 ? `, ${count} times` : ''}`, link: null },
    ...(event === null
      ? []
      : [
          {
            name: 'event',
            text: event,
            link: links.dashboard === null ? null : `${trimmed(links.dashboard)}/?at=${encodeURIComponent(event)}`,
          },
        ]),
    ...(runbook === undefined || runbook === ''
      ? []
      : [
          { name: 'do', text: `docs/RUNBOOK.md, ${runbook}`, link: links.runbook === null ? null : `${trimmed(links.runbook)}#${runbook}` },
        ]),
    ...(state === 'raised' && position > 0 ? [{ name: 'take it', text: `/ack ${key}`, link: null }] : []),
    // The same id twice is the same message twice: a channel cannot be asked whether it had come through.
    { name: 'message', text: `${id} of ${session}${tries > 1 ? `, try ${tries}` : ''}`, link: null },
  ];
  return {
    severity,
    mark: state === 'closed' ? '🟢' : MARKS[severity],
    head: `${severity} ${word}${state === 'raised' ? `: ${MEANING[severity]}` : ''}`,
    what: summary,
    lines,
  };
}

function eventRef(session: string, ref: number | string): string {
  return typeof ref === 'string' ? ref : `${session}:${ref}`;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}

export function timeOf(micros: number): string {
  return `${new Date(micros / 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function lasted(micros: number): string {
  const seconds = Math.round(micros / 1_000_000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} m`;
}

export function plainText({ mark, head, what, lines }: Message): string {
  return [`${mark} ${head}`, what, '', ...lines.map(({ name, text, link }) => `${name}: ${text}${link === null ? '' : ` ${link}`}`)].join(
    '\n',
  );
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (letter) => ESCAPES[letter] as string);
}

/** As Telegram's `parse_mode: HTML` takes it: bold, links, and nothing else. */
export function telegramHtml({ mark, head, what, lines }: Message): string {
  const rows = lines.map(({ name, text, link }) => `${name}: ${linked(text, link)}`);
  return [`${mark} <b>${escapeHtml(head)}</b>`, escapeHtml(what), '', ...rows].join('\n');
}

function linked(text: string, link: string | null): string {
  return link === null ? escapeHtml(text) : `<a href="${escapeHtml(link)}">${escapeHtml(text)}</a>`;
}

const COLOURS: Readonly<Record<Severity, string>> = { P0: '#b3261e', P1: '#c75b12', P2: '#9a7b00', P3: '#2f6db5' };

export function mailHtml(message: Message): string {
  const rows = message.lines.map(
    ({ name, text, link }) =>
      `<tr><td style="padding:2px 12px 2px 0;color:#666">${escapeHtml(name)}</td><td style="padding:2px 0">${linked(text, link)}</td></tr>`,
  );
  return [
    '<!doctype html><html><body style="font:15px/1.5 system-ui,sans-serif;color:#222;max-width:640px">',
    `<p style="margin:0 0 4px;font-weight:600;color:${COLOURS[message.severity]}">${escapeHtml(message.head)}</p>`,
    `<p style="margin:0 0 12px;font-size:17px">${message.what.split('; ').map(escapeHtml).join('<br>')}</p>`,
    `<table style="border-collapse:collapse">${rows.join('')}</table>`,
    '</body></html>',
  ].join('\n');
}
