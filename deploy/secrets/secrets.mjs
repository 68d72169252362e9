/**
 * What every deployment hands out: the passwords, and who is given which. Each process gets its own NATS password and a
 * database role no stronger than its work; what follows from passwords (addresses, servers' configurations) is made here.
 */
import { randomBytes } from 'node:crypto';
import { loadConfig } from '@arb/shared/config';
import { CORE_SERVICES, SERVICES } from '@arb/shared/contracts';
import { natsConfig } from '@arb/shared/nats';
import { DOMAINS } from '@arb/shared/redis';

export const WRITERS = [...SERVICES, 'cli'];
/** The owner writes the journal; readers see all and keep snapshots, which only cores have; the viewer only looks. */
export const ROLES = { owner: 'arb', reader: 'arb_reader', viewer: 'arb_viewer' };
/**
 * At once, of each role: whoever takes all that he may have still leaves the journal its own. Together with MAX_CONNECTIONS of the servers, of
 * which Postgres keeps three for itself.
 */
export const CONNECTIONS = { reader: 45, viewer: 40 };
const ALERTS = '~arb:*:*:alerts:*';
const LIVE_VIEW = Object.keys(DOMAINS)
  .filter((domain) => domain !== 'alerts')
  .map((domain) => `~arb:*:*:${domain}:*`)
  .join(' ');
/**
 * By user of Redis, what it may touch and do: the alert queue, the live view, the dead letters. Nobody may empty it, configure it or run
 * scripts in it.
 */
export const REDIS_RIGHTS = {
  alerting: `${ALERTS} +@stream +del +exists +multi +exec`,
  dashboard: `${LIVE_VIEW} +set +del +multi +exec`,
  cli: `${ALERTS} +@stream +multi +exec`,
};
export const REDIS_USERS = Object.keys(REDIS_RIGHTS);
/** A cut has two streams for a while, and the closed one stays until it is journaled. */
const STREAMS_AT_ONCE = 3;
const LETTERS_AND_DIGITS = /^[0-9a-zA-Z]{16,200}$/;

export const PASSWORDS = [
  ...WRITERS.map((writer) => `nats-${writer}`),
  'nats-shadow',
  'postgres',
  'postgres-reader',
  'postgres-viewer',
  'redis',
  ...REDIS_USERS.map((user) => `redis-${user}`),
  'grafana',
];

/** Those that are there stay; `known` gives the text of a password, or null. */
export function passwordsFrom(known) {
  return Object.fromEntries(
    PASSWORDS.map((name) => {
      const there = known(name);
      if (there === null) return [name, randomBytes(24).toString('hex')];
      // The same text in an address, a configuration and a shell.
      if (!LETTERS_AND_DIGITS.test(there))
        throw new Error(`${name} should be a password of 16 to 200 letters and digits, and is not: put it right`);
      return [name, there];
    }),
  );
}

/**
 * By receiver, then by file name: everything that is handed out.
 * @param {Record<string, string>} passwords
 * @param {{ postgres: string, redis: string, nats: object, redisServer: object }} places addresses `host:port` of the databases, what the servers are told beside their users
 */
export function handedOut(passwords, { postgres, redis, nats, redisServer }) {
  const postgresUrl = (role, password) => `postgres://${role}:${password}@${postgres}/arb\n`;
  const redisUrl = (user) => `redis://${user}:${passwords[`redis-${user}`]}@${redis}\n`;
  const owner = postgresUrl(ROLES.owner, passwords.postgres);
  const reader = postgresUrl(ROLES.reader, passwords['postgres-reader']);
  const viewer = postgresUrl(ROLES.viewer, passwords['postgres-viewer']);
  const loginOf = (writer) => (writer === 'journal' ? owner : CORE_SERVICES.includes(writer) ? reader : viewer);
  const ofWriters = WRITERS.map((writer) => [
    writer,
    {
      'nats-password': passwords[`nats-${writer}`],
      'postgres-url': loginOf(writer),
      ...(REDIS_USERS.includes(writer) ? { 'redis-url': redisUrl(writer) } : {}),
    },
  ]);
  const session = loadConfig({ env: process.env }).session;
  return {
    ...Object.fromEntries(ofWriters),
    // Says nothing, and keeps no snapshots either.
    shadow: { 'nats-password': passwords['nats-shadow'], 'postgres-url': viewer },
    // A backup is restored once beside the journal to prove it: for that it has to make a database.
    backup: { 'postgres-url': owner },
    roles: { 'postgres-url': owner, reader: passwords['postgres-reader'], viewer: passwords['postgres-viewer'] },
    nats: {
      // On a machine that is short of time a login may take longer than the two seconds that are usual.
      'nats.conf': `authorization { timeout: 15 }\n${natsConfig({
        host: '0.0.0.0',
        port: 4222,
        monitorPort: 8222,
        storeDir: '/streams',
        passwords: Object.fromEntries(WRITERS.map((writer) => [writer, passwords[`nats-${writer}`]])),
        shadowPassword: passwords['nats-shadow'],
        maxStore: session.journal.streamMaxBytes * STREAMS_AT_ONCE,
        ...nats,
      })}`,
    },
    postgres: { password: passwords.postgres },
    redis: { password: passwords.redis, 'redis.conf': redisConfig(passwords, redisServer) },
    grafana: { password: passwords.grafana, 'postgres-password': passwords['postgres-viewer'] },
  };
}

/** The append-only file alone holds the data. The live view may go when memory is short; the alert queue has no time to live and stays. */
function redisConfig(passwords, { folder = '/data', bind = '* -::*' } = {}) {
  return [
    `bind ${bind}`,
    'port 6379',
    // Whether it lives, and no more.
    `user default on >${passwords.redis} resetkeys resetchannels -@all +ping`,
    ...Object.entries(REDIS_RIGHTS).map(
      ([user, rights]) => `user ${user} on >${passwords[`redis-${user}`]} resetchannels -@all +@connection +info ${rights}`,
    ),
    `dir ${folder}`,
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory 128mb',
    'maxmemory-policy volatile-ttl',
    'maxclients 256',
    '',
  ].join('\n');
}
