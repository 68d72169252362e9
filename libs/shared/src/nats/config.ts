import { type EventKind, KINDS, readsOf, SERVICES, type ServiceName, STREAM_SUBJECTS, type Writer, writesOf } from '../contracts/index.ts';
import { WIRE, wireOf } from './address.ts';

export interface NatsConfigOptions {
  readonly port: number;
  /** Loopback unless said otherwise. */
  readonly host?: string;
  readonly storeDir: string;
  readonly passwords: Readonly<Record<Writer, string>>;
  /** Makes a user that reads the stream and may publish nothing: for a new version of a core beside the running one. */
  readonly shadowPassword?: string;
  /** Bytes of all streams together: at least twice one session's `max_bytes`, since a cut has two streams for a while. */
  readonly maxStore: number;
  readonly maxConnections?: number;
  /** Whether people may listen without credentials. By default on loopback only. */
  readonly viewer?: boolean;
  /** For the server's own health and figures over HTTP, on the same host. */
  readonly monitorPort?: number;
}

export const MAX_PAYLOAD = 1024 * 1024;
export const VIEWER = 'viewer';
export const SHADOW = 'shadow';
/** Where the stream and all who trade are; the viewer has one of its own and sees what this one exports. */
const TRADING = 'TRADING';
const VIEWING = 'VIEWING';
const DEFAULT_HOST = '127.0.0.1';
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);
const MAX_CONNECTIONS = 128;
const MEMORY_STORE = 64 * 1024 * 1024;

const WRITERS: readonly Writer[] = [...SERVICES, 'cli'];
/** Recorded sessions are shown again on `replay.<run>.<subject>`: no stream takes these. */
const REPLAY = 'replay.>';
const REPLAYERS: readonly Writer[] = ['journal', 'dashboard', 'cli'];

/**
 * What every reader of a stream needs. A subject cannot be narrowed by the beginning of a word, so these name every stream of
 * the account; there are none but the sessions'.
 */
const READ_API = [
  '$JS.API.INFO',
  '$JS.API.STREAM.INFO.*',
  '$JS.API.STREAM.MSG.GET.*',
  '$JS.API.CONSUMER.CREATE.*.*',
  '$JS.API.CONSUMER.DELETE.*.*',
  '$JS.API.CONSUMER.MSG.NEXT.*.*',
  '$JS.FC.>',
];
const ADMIN_API = [
  '$JS.API.STREAM.NAMES',
  '$JS.API.STREAM.CREATE.*',
  '$JS.API.STREAM.UPDATE.*',
  '$JS.API.STREAM.PURGE.*',
  '$JS.API.STREAM.DELETE.*',
];

/** Each user's answers come to an inbox of its own, which nobody else may listen to. */
export function inboxOf(user: string | undefined): string {
  return user === undefined ? '_INBOX' : `_INBOX_${user}`;
}

/** A word of a subject that can be one thing only (`^started$`), or the wildcard. */
function wordOf(word: RegExp): string {
  return /^\^([a-z-]+)\$$/.exec(word.source)?.[1] ?? '*';
}

function subjectsOf(kind: EventKind): string {
  return [kind.root, ...kind.words.map(wordOf)].join('.');
}

export function publishableBy(writer: Writer): readonly string[] {
  const own = writesOf(writer).map((kind) =>
    // A service speaks of itself only.
    wireOf(kind.root === 'service' || kind.root === 'lease' ? `${kind.root}.${writer}` : subjectsOf(kind)),
  );
  return [...new Set(own), ...(REPLAYERS.includes(writer) ? [REPLAY] : []), ...READ_API, ...(writer === 'journal' ? ADMIN_API : [])];
}

export function subscribableBy(writer: Writer): readonly string[] {
  const read = writer === 'cli' ? STREAM_SUBJECTS : readsOf(writer as ServiceName).map(subjectsOf);
  return [`${inboxOf(writer)}.>`, ...new Set(read.map(wireOf)), ...(REPLAYERS.includes(writer) ? [REPLAY] : [])];
}

/**
 * The configuration of nats-server, made from the table of events: each writer is a user that may publish its own subjects only.
 *
 * The permissions guard against mistakes, not against a service that has turned hostile. JetStream delivers to whatever subject
 * the maker of a consumer names, in the server's name, once somebody subscribes exactly that subject. It refuses a subject that
 * the same stream takes, and its own API is out of reach because nobody may subscribe it. What is left is a message of an
 * older stream delivered onto the live one's subjects: readers ignore it, since each event says its session. `Link.read`
 * names a fresh inbox and nothing else.
 */
export function natsConfig(options: NatsConfigOptions): string {
  const host = options.host ?? DEFAULT_HOST;
  const viewer = options.viewer ?? LOOPBACK.has(host);
  const users = WRITERS.map((writer) => userBlock(writer, passwordOf(options, writer), publishableBy(writer), subscribableBy(writer)));
  if (options.shadowPassword !== undefined)
    users.push(userBlock(SHADOW, passable(options.shadowPassword, SHADOW), READ_API, [`${inboxOf(SHADOW)}.>`]));
  return [
    `host: ${quoted(host)}`,
    `port: ${wholeNumber(options.port, 'port', 65_535)}`,
    ...(options.monitorPort === undefined
      ? []
      : [`http: ${quoted(`${host.includes(':') ? `[${host}]` : host}:${wholeNumber(options.monitorPort, 'monitorPort', 65_535)}`)}`]),
    `max_payload: ${MAX_PAYLOAD}`,
    `max_connections: ${wholeNumber(options.maxConnections ?? MAX_CONNECTIONS, 'maxConnections', 65_536)}`,
    'jetstream {',
    `  store_dir: ${quoted(options.storeDir)}`,
    `  max_file_store: ${wholeNumber(options.maxStore, 'maxStore', Number.MAX_SAFE_INTEGER)}`,
    `  max_memory_store: ${MEMORY_STORE}`,
    '}',
    ...(viewer ? [`no_auth_user: ${quoted(VIEWER)}`] : []),
    'accounts {',
    `  ${TRADING} {`,
    '    jetstream: enabled',
    '    users: [',
    ...users,
    '    ]',
    ...(viewer ? [`    exports: [ { stream: ${quoted(WIRE)} }, { stream: ${quoted(REPLAY)} } ]`] : []),
    '  }',
    ...(viewer ? viewingBlock() : []),
    '}',
    '',
  ].join('\n');
}

function userBlock(user: string, password: string, publish: readonly string[], subscribe: readonly string[]): string {
  return `    {
      user: ${quoted(user)}
      password: ${quoted(password)}
      permissions: {
        publish: { allow: [${publish.map(quoted).join(', ')}] }
        subscribe: { allow: [${subscribe.map(quoted).join(', ')}] }
      }
    }`;
}

/**
 * Sees each subject by its plain name, as `nats sub 'l2.>'` asks for it. It has no inbox: who may not publish can ask for
 * nothing, so nothing is ever answered. Its password is no secret.
 */
function viewingBlock(): readonly string[] {
  const seen = [...new Set(KINDS.map((kind) => [kind.root, ...kind.words.map(() => '*')].join('.'))), REPLAY];
  return [
    `  ${VIEWING} {`,
    '    users: [',
    '      {',
    `        user: ${quoted(VIEWER)}`,
    `        password: ${quoted(VIEWER)}`,
    '        permissions: {',
    '          publish: { deny: [">"] }',
    `          subscribe: { allow: [${[...STREAM_SUBJECTS, REPLAY].map(quoted).join(', ')}] }`,
    '        }',
    '      }',
    '    ]',
    '    imports: [',
    ...seen.map((subject) => `      { stream: { account: ${TRADING}, subject: ${quoted(wireOf(subject))} }, to: ${quoted(subject)} }`),
    '    ]',
    '  }',
  ];
}

function passwordOf(options: NatsConfigOptions, writer: Writer): string {
  return passable(options.passwords[writer], writer);
}

function passable(password: string | undefined, user: string): string {
  if (typeof password !== 'string' || password === '') throw new Error(`expected a password for the NATS user ${user}, found none`);
  // The server would take it for the hash of another password.
  if (/^\$2[abxy]\$/.test(password))
    throw new Error(`the password of the NATS user ${user} begins like a bcrypt hash ($2…$); choose one that does not`);
  return password;
}

function wholeNumber(value: number, name: string, most: number): string {
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw new Error(`expected ${name} of the NATS configuration to be a whole number from 1 to ${most}, found ${value}`);
  return String(value);
}

/** A text in the configuration's own syntax: in double quotes nothing is special but quote, backslash and control characters. */
function quoted(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    if (char === '"' || char === '\\') out += `\\${char}`;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += char;
  }
  return `${out}"`;
}
