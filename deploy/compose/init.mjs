/**
 * Makes what the servers and services share, in the volume `secrets`: passwords once and never again; the files that follow
 * from them (configurations of NATS and Redis, addresses with a password) whenever they would come out differently, because
 * a newer version may give a service another permission.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@arb/shared/config';
import { SERVICES } from '@arb/shared/contracts';
import { natsConfig } from '@arb/shared/nats';

const FOLDER = '/secrets';
/** For the owner and its group, to which Redis belongs; nobody writes. */
const MODE = 0o440;
/** A cut has two streams for a while, and the closed one stays until it is journaled. */
const STREAMS_AT_ONCE = 3;

const { session } = loadConfig({ env: process.env });
const nats = Object.fromEntries([...SERVICES, 'cli'].map((writer) => [writer, passwordIn(`nats-${writer}`)]));
const postgres = passwordIn('postgres');
const redis = passwordIn('redis');

derive('postgres-url', `postgres://arb:${postgres}@postgres:5432/arb\n`);
derive('redis-url', `redis://:${redis}@redis:6379\n`);
derive(
  'nats.conf',
  natsConfig({
    host: '0.0.0.0',
    port: 4222,
    monitorPort: 8222,
    storeDir: '/streams',
    passwords: nats,
    maxStore: session.journal.streamMaxBytes * STREAMS_AT_ONCE,
    // The port is published on the machine's loopback address only: who listens there without a name may only listen.
    viewer: true,
  }),
);
// The append-only file alone holds the data. The live view may go when memory is short; the alert queue has no time to live and stays.
derive(
  'redis.conf',
  [
    'bind * -::*',
    'port 6379',
    `requirepass ${redis}`,
    'dir /data',
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory 128mb',
    'maxmemory-policy volatile-ttl',
    'maxclients 256',
    '',
  ].join('\n'),
);

/** Letters and digits only: the same text in an address, a configuration and a shell. */
function passwordIn(name) {
  const there = readIfThere(name);
  if (there === null) {
    const made = randomBytes(24).toString('hex');
    replace(name, made);
    return made;
  }
  if (!/^[0-9a-zA-Z]{16,200}$/.test(there))
    throw new Error(
      `${join(FOLDER, name)} should hold a password of 16 to 200 letters and digits, and does not: put it right in the volume`,
    );
  return there;
}

function derive(name, text) {
  if (readIfThere(name) === text) return;
  replace(name, text);
  console.log(`init: wrote ${join(FOLDER, name)}`);
}

function readIfThere(name) {
  try {
    return readFileSync(join(FOLDER, name), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Whole or not at all. */
function replace(name, text) {
  const path = join(FOLDER, name);
  const next = `${path}.new`;
  writeFileSync(next, text, { mode: MODE, flush: true });
  renameSync(next, path);
}
