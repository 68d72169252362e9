/**
 * Makes what the units are handed, under /etc/arbitrage-lite, readable by root alone: systemd gives each service its own part of it. Run
 * as root; run again after an upgrade it keeps every password and renews what follows from them.
 *   node deploy/systemd/setup.mjs [FOLDER]
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handedOut, passwordsFrom } from '../secrets/secrets.mjs';

const FOLDER = process.argv[2] ?? '/etc/arbitrage-lite';
const VAULT = join(FOLDER, 'secrets');
const DATA = '/var/lib/arbitrage-lite';
mkdirSync(VAULT, { recursive: true, mode: 0o700 });

const passwords = passwordsFrom((name) => (existsSync(join(VAULT, name)) ? readFileSync(join(VAULT, name), 'utf8') : null));
for (const [name, password] of Object.entries(passwords)) keep(join(VAULT, name), password);

const given = handedOut(passwords, {
  postgres: '127.0.0.1:5432',
  redis: '127.0.0.1:6379',
  redisServer: { folder: `${DATA}/redis`, bind: '127.0.0.1 -::1' },
  nats: { host: '127.0.0.1', storeDir: `${DATA}/streams` },
});
for (const [receiver, files] of Object.entries(given)) {
  const folder = join(VAULT, 'for', receiver);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A unit of a template names the same files for every service; who does not use Redis finds its address without a password.
  for (const [name, text] of Object.entries({ 'redis-url': 'redis://127.0.0.1:6379\n', ...files })) keep(join(folder, name), text);
}

const settings = join(FOLDER, 'settings.env');
if (!existsSync(settings)) copyFileSync(new URL('settings.env', import.meta.url), settings);
console.log(`made what the services are handed, in ${FOLDER}; settings: ${settings}`);

/** Whole or not at all. */
function keep(path, text) {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
