import type { Log } from '@arb/shared/runtime';
import nodemailer from 'nodemailer';
import type { Letter } from '../letter.ts';
import { type Links, type Message, mailHtml, messageOf, plainText } from '../message.ts';
import { type Channel, ChannelError } from './channel.ts';
import { codeOf } from './post.ts';

export interface MailOptions {
  /** `smtp://user:password@host:port`. */
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly links: Links;
  readonly log: Log;
  /** What a day's summary says beside its alert: lines of text, the seal's head among them. */
  readonly dayLines: () => Promise<readonly string[]>;
}

const SMTP_MS = 3_000;

/** As far as it is looked at: who was refused, where others were not. */
interface Sent {
  readonly rejected?: readonly string[] | undefined;
  readonly rejectedErrors?: readonly { readonly recipient?: string | undefined; readonly responseCode?: number | undefined }[] | undefined;
}

export function emailChannel({ url, from, to, links, log, dayLines }: MailOptions): Channel {
  const server = new URL(url);
  const transport = nodemailer.createTransport({
    host: server.hostname,
    port: Number(server.port) || (server.protocol === 'smtps:' ? 465 : 587),
    secure: server.protocol === 'smtps:',
    ...(server.username === '' ? {} : { auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) } }),
    connectionTimeout: SMTP_MS,
    greetingTimeout: SMTP_MS,
    socketTimeout: SMTP_MS,
  });
  return {
    name: 'email',
    async deliver(letter, tries, signal, partly) {
      const message = await withDay(letter, messageOf(letter, tries, links), dayLines);
      const sent = transport.sendMail({
        from,
        to: [...to],
        subject: subjectOf(message),
        text: plainText(message),
        html: mailHtml(message),
        // The same message twice has the same id, and mail programs show it once.
        messageId: `<${letter.session}.${letter.alert.id}@arbitrage-lite>`,
      });
      const refused = refusedOf(await settled(sent, signal));
      if (refused.length === 0) return;
      const taken = `the mail server took the message for ${to.length - refused.length} of ${to.length} receivers`;
      const named = (shown: (address: string) => string): string =>
        refused.map(({ address, code }) => `${shown(address)} (${code ?? 'no code'})`).join(', ');
      log('warn', `${taken}; it refused ${named((address) => address)}: see ARB_MAIL_TO`, { alert: letter.alert.id });
      partly?.(`${taken}; it refused ${named(masked)}`);
    },
  };
}

interface Refused {
  readonly address: string;
  readonly code: number | undefined;
}

/** The others have it already: it is not sent once more for these. */
function refusedOf({ rejected = [], rejectedErrors = [] }: Sent): readonly Refused[] {
  return rejected.map((address) => ({ address, code: rejectedErrors.find(({ recipient }) => recipient === address)?.responseCode }));
}

/** Enough to tell which of the receivers it is; whole addresses do not go into the journal, which cannot be changed and is handed on. */
function masked(address: string): string {
  const at = address.lastIndexOf('@');
  return `${[...address][0] ?? ''}…${at < 0 ? '' : address.slice(at)}`;
}

async function withDay(letter: Letter, message: Message, dayLines: () => Promise<readonly string[]>): Promise<Message> {
  if (letter.alert.step !== 'day') return message;
  return { ...message, lines: [...(await dayLines()).map((text) => ({ name: 'day', text, link: null })), ...message.lines] };
}

function subjectOf({ head, what }: Message): string {
  const line = `[${head}] ${what}`.replaceAll(/\s+/g, ' ');
  return line.length <= 120 ? line : `${line.slice(0, 119)}…`;
}

/** What the server says may repeat user and address: only its code goes on. */
async function settled(sent: Promise<Sent>, signal: AbortSignal): Promise<Sent> {
  let stop: () => void = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(new ChannelError('the mail server did not answer in time'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([sent, late]);
  } catch (error) {
    sent.catch(() => {}); // it has been given up: how it ends is of no use any more
    if (error instanceof ChannelError) throw error;
    const { responseCode } = error as { responseCode?: number };
    const final = responseCode !== undefined && responseCode >= 500;
    const code = responseCode === undefined ? codeOf(error) : String(responseCode);
    throw new ChannelError(`the mail server did not take the message (${code})`, { final });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
