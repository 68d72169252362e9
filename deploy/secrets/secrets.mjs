/**
 * What every deployment hands out: the passwords, and who is given which. Each process gets its own NATS password and a
 * database role no stronger than its work; what follows from passwords (addresses, servers' configurations) is made here.
 */
import { randomBytes } from 'node:crypto';
import { loadConfig } from '@arb/shared/config';
import { SERVICES } from '@arb/shared/contracts';
import { natsConfig } from '@arb/shared/nats';

export const WRITERS = [...SERVICES, 'cli'];
/** The owner writes the journal; readers see all and keep snapshots; the viewer only looks. */
export const ROLES = { owner: 'arb', reader: 'arb_reader', viewer: 'arb_viewer' };
/** Alert queue and live view: nobody else has anything to look for in Redis. */
export const REDIS_USERS = ['alerting', 'dashboard'];
/** A cut has two streams for a while, and the closed one stays until it is journaled. */
const STREAMS_AT_ONCE = 3;
const LETTERS_AND_DIGITS = /^[0-9a-zA-Z]{16,200}$/;

export const PASSWORDS = [
  ...WRITERS.map((writer) => `nats-${writer}`),
  'postgres',
  'postgres-reader',
  'postgres-viewer',
  'redis',
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
  const redisUrl = `redis://:${passwords.redis}@${redis}\n`;
  const owner = postgresUrl(ROLES.owner, passwords.postgres);
  const reader = postgresUrl(ROLES.reader, passwords['postgres-reader']);
  const ofWriters = WRITERS.map((writer) => [
    writer,
    {
      'nats-password': passwords[`nats-${writer}`],
      'postgres-url': writer === 'journal' ? owner : reader,
      ...(REDIS_USERS.includes(writer) ? { 'redis-url': redisUrl } : {}),
    },
  ]);
  const session = loadConfig({ env: process.env }).session;
  return {
    ...Object.fromEntries(ofWriters),
    roles: { 'postgres-url': owner, reader: passwords['postgres-reader'], viewer: passwords['postgres-viewer'] },
    nats: {
      // On a machine that is short of time a login may take longer than the two seconds that are usual.
      'nats.conf': `authorization { timeout: 15 }\n${natsConfig({
        host: '0.0.0.0',
        port: 4222,
        monitorPort: 8222,
        storeDir: '/streams',
        passwords: Object.fromEntries(WRITERS.map((writer) => [writer, passwords[`nats-${writer}`]])),
        maxStore: session.journal.streamMaxBytes * STREAMS_AT_ONCE,
        ...nats,
      })}`,
    },
    postgres: { password: passwords.postgres },
    redis: { password: passwords.redis, 'redis.conf': redisConfig(passwords.redis, redisServer) },
    grafana: { password: passwords.grafana, 'postgres-password': passwords['postgres-viewer'] },
  };
}

/** The append-only file alone holds the data. The live view may go when memory is short; the alert queue has no time to live and stays. */
function redisConfig(password, { folder = '/data', bind = '* -::*' } = {}) {
  return [
    `bind ${bind}`,
    'port 6379',
    `requirepass ${password}`,
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
