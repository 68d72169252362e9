/**
 * Makes what the containers are handed, in the volume `secrets`. Its root is the vault, which only this container sees: passwords, made
 * once and never again. `for/<container>` is what that one alone is given, written anew whenever it would come out differently,
 * because a newer version may give a service another permission.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handedOut, passwordsFrom } from '../secrets/secrets.mjs';

const VAULT = '/secrets';
const FOR_ALL_IN_GROUP = 0o440;

const passwords = passwordsFrom((name) => readIfThere(join(VAULT, name)));
for (const [name, password] of Object.entries(passwords)) keep(join(VAULT, name), password);

const given = handedOut(passwords, {
  postgres: 'postgres:5432',
  redis: 'redis:6379',
  // The port is published on the machine's loopback address only: who listens there without a name may only listen.
  nats: { viewer: true },
});
for (const [receiver, files] of Object.entries(given)) {
  const folder = join(VAULT, 'for', receiver);
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  for (const [name, text] of Object.entries(files)) keep(join(folder, name), text);
}

/** Whole or not at all. */
function keep(path, text) {
  if (readIfThere(path) === text) return;
  writeFileSync(`${path}.new`, text, { mode: FOR_ALL_IN_GROUP, flush: true });
  renameSync(`${path}.new`, path);
  console.log(`init: wrote ${path}`);
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}
