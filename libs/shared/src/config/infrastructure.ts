import { address, addresses, choice, flag, optional, text, whole } from './rules.ts';
import { Setting } from './setting.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export const ROLES = ['member', 'shadow'] as const;
/** Nothing but what a header may hold: an error of the HTTP client would repeat what it cannot send. */
const KEY = optional(text(/^[!-~]{8,256}$/, 'a key as the exchange has written it', 'write it without blanks, quotes and line ends'));
const NOT_EMPTY = /^[^\r\n]{1,1000}$/;

/** Where this process runs and what it talks to. None of it changes what a session decides, so none of it is in the hash. */
export class Infrastructure {
  @Setting(addresses(9, 'nats', 'tls'), 'NATS server; of a cluster all of them: any of them serves')
  readonly natsUrl: string = 'nats://127.0.0.1:4222';

  @Setting(whole(1, 5), "copies of a session's stream, each on a NATS server of its own; with 3 one server may be lost")
  readonly natsReplicas: number = 1;

  @Setting(optional(text(/^[^\s]{1,100}$/, 'a user name', 'write it without blanks')), "this process's own NATS user")
  readonly natsUser: string | null = null;

  @Setting(optional(text(NOT_EMPTY, 'one line of text', 'set it again')), "the NATS user's password")
  readonly natsPassword: string | null = null;

  @Setting(address('postgres', 'postgresql'), "the journal's database")
  readonly postgresUrl: string = 'postgres://arb@127.0.0.1:5432/arb';

  @Setting(address('redis', 'rediss'), 'Redis: alert queue and live view')
  readonly redisUrl: string = 'redis://127.0.0.1:6379';

  @Setting(text(/^[A-Za-z0-9.:-]{1,253}$/, 'a host name or address', 'write it such as 127.0.0.1'), 'address that HTTP listens on')
  readonly httpHost: string = '127.0.0.1';

  @Setting(whole(0, 65_535), 'port that HTTP listens on; 0 takes a free one')
  readonly httpPort: number = 8080;

  @Setting(address('http', 'https', 'ws', 'wss'), 'the simulated exchanges, for the simulated source')
  readonly simulatorUrl: string = 'http://127.0.0.1:9100';

  @Setting(
    optional(address('http', 'https')),
    'bank rate USD/KRW, as {"quotes":{"USDKRW":1353.68}}; with nothing, the simulated source asks the simulated bank',
  )
  readonly bankRateUrl: string | null = null;

  @Setting(KEY, 'Upbit: access key of a key without any right, for the state of its wallets')
  readonly upbitAccessKey: string | null = null;

  @Setting(KEY, 'Upbit: the secret key that belongs to it')
  readonly upbitSecretKey: string | null = null;

  @Setting(KEY, 'Binance: API key of a key that may only read, for the state of its wallets')
  readonly binanceAccessKey: string | null = null;

  @Setting(KEY, 'Binance: the secret key that belongs to it')
  readonly binanceSecretKey: string | null = null;

  @Setting(choice(...LOG_LEVELS), 'least important level that is logged')
  readonly logLevel: (typeof LOG_LEVELS)[number] = 'info';

  @Setting(text(NOT_EMPTY, 'a folder', 'write its path'), 'folder for the data of this machine')
  readonly home: string = '.arb';

  @Setting(text(NOT_EMPTY, 'a path', 'write the path of a YAML file'), 'the rules of alerting; relative to the project')
  readonly alertRulesFile: string = 'config/alerts.yaml';

  @Setting(optional(text(/^\S{10,200}$/, 'a bot token', 'write it as the bot father said it')), 'Telegram: token of the bot')
  readonly telegramToken: string | null = null;

  @Setting(
    text(
      /^(-?\d{1,20}(,-?\d{1,20}){0,19})?$/,
      'up to 20 chat ids with commas between them',
      "write them in quotes, such as '12345,-67890'",
    ),
    'Telegram: chats that are told, and whose commands are obeyed',
  )
  readonly telegramChats: string = '';

  @Setting(address('https', 'http'), 'Telegram: its Bot API')
  readonly telegramUrl: string = 'https://api.telegram.org';

  @Setting(optional(address('https', 'http')), 'Slack: address of the incoming webhook')
  readonly slackWebhook: string | null = null;

  @Setting(optional(address('smtp', 'smtps')), 'e-mail: server, with user and password where it asks for them')
  readonly smtpUrl: string | null = null;

  @Setting(text(/^[^\s@<>,]{1,64}@[^\s@<>,]{1,190}$/, 'an e-mail address', 'write one address'), 'e-mail: sender')
  readonly mailFrom: string = 'arb@localhost';

  @Setting(
    text(
      /^([^\s@<>,]{1,64}@[^\s@<>,]{1,190}(,[^\s@<>,]{1,64}@[^\s@<>,]{1,190}){0,19})?$/,
      'up to 20 e-mail addresses',
      'part them by commas',
    ),
    'e-mail: receivers',
  )
  readonly mailTo: string = '';

  @Setting(optional(address('https', 'http')), 'Prometheus Alertmanager')
  readonly alertmanagerUrl: string | null = null;

  @Setting(optional(address('https', 'http')), "dead man's switch: asked for every 30 s while the stream lives")
  readonly deadManWebhook: string | null = null;

  @Setting(optional(address('https', 'http')), 'the dashboard as people reach it: messages link to it')
  readonly dashboardUrl: string | null = null;

  @Setting(optional(address('https', 'http')), 'the runbook as people reach it; else messages name its section')
  readonly runbookUrl: string | null = null;

  @Setting(
    choice(...ROLES),
    'shadow: derives beside a live session, whatever its version, and compares with what is recorded; it publishes nothing',
  )
  readonly role: (typeof ROLES)[number] = 'member';

  @Setting(flag(), 'a second replica derives the same and publishes only what is missing')
  readonly standby: boolean = false;

  @Setting(whole(0, 99), 'number of this replica of its service')
  readonly replica: number = 0;
}

/** Settings that are secrets, or addresses that may hold one: also as `ARB_…_FILE`, the path of a file that holds the value. */
export const FROM_FILE: readonly (keyof Infrastructure)[] = [
  'natsPassword',
  'postgresUrl',
  'redisUrl',
  'telegramToken',
  'slackWebhook',
  'smtpUrl',
  'alertmanagerUrl',
  'deadManWebhook',
  'bankRateUrl',
  'upbitAccessKey',
  'upbitSecretKey',
  'binanceAccessKey',
  'binanceSecretKey',
];
