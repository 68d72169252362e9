import type { InfrastructureConfig } from '@arb/shared/config';
import type { Log } from '@arb/shared/runtime';
import { alertmanagerChannel } from './alertmanager.ts';
import type { Channel } from './channel.ts';
import { emailChannel } from './email.ts';
import { logChannel } from './log.ts';
import { slackChannel } from './slack.ts';
import { type TelegramBot, telegramBot, telegramChannel } from './telegram.ts';

export { type Channel, ChannelError } from './channel.ts';

export interface Channels {
  readonly byName: ReadonlyMap<string, Channel>;
  /** For its commands, where it is set up. */
  readonly bot: TelegramBot | null;
}

/** Those that are set up here; the log always is. */
export function channelsOf(infrastructure: InfrastructureConfig, log: Log, dayLines: () => Promise<readonly string[]>): Channels {
  const { telegramToken, telegramUrl, telegramChats, slackWebhook, smtpUrl, mailFrom, mailTo, alertmanagerUrl } = infrastructure;
  const links = { dashboard: infrastructure.dashboardUrl, runbook: infrastructure.runbookUrl };
  const made: Channel[] = [logChannel(log)];
  const bot = telegramToken === null || telegramChats === '' ? null : telegramBot(telegramUrl, telegramToken, telegramChats.split(','));
  if (bot !== null) made.push(telegramChannel(bot, links, log));
  if (slackWebhook !== null) made.push(slackChannel(slackWebhook, links));
  if (smtpUrl !== null && mailTo !== '')
    made.push(emailChannel({ url: smtpUrl, from: mailFrom, to: mailTo.split(','), links, log, dayLines }));
  if (alertmanagerUrl !== null) made.push(alertmanagerChannel(alertmanagerUrl, links));
  return { byName: new Map(made.map((channel) => [channel.name, channel])), bot };
}
