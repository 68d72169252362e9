/**
 * Finds the three servers the stack runs on (NATS, Redis, PostgreSQL) and installs what is missing with the system's own
 * package manager. Plain JavaScript: it also runs before anything is installed or built.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const BREW_PREFIXES = ['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'];
const OLDEST_POSTGRES = 13;
const PACKAGES = {
  'nats-server': { apt: 'nats-server', brew: 'nats-server' },
  'redis-server': { apt: 'redis-server', brew: 'redis' },
  postgres: { apt: 'postgresql', brew: 'postgresql@17' },
};

/** @returns {import('./servers.mjs').FoundServers} */
export function findServers(env = process.env) {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];
  for (const prefix of BREW_PREFIXES) folders.push(join(prefix, 'bin'), join(prefix, 'sbin'));
  const unique = [...new Set(folders.filter((folder) => folder !== ''))];
  return {
    natsServer: firstProgram(unique, 'nats-server'),
    redisServer: firstProgram(unique, 'redis-server'),
    postgres: postgresFolders(unique),
  };
}

/** Which of the servers are not there, by the name of their program. */
export function missingServers(found) {
  const missing = [];
  if (found.natsServer === null) missing.push('nats-server');
  if (found.redisServer === null) missing.push('redis-server');
  if (found.postgres.length === 0) missing.push('postgres');
  return missing;
}

/** The command a person would type to get what is missing. */
export function installCommand(missing, env = process.env) {
  if (firstProgram(pathOf(env), 'brew') !== null) return `brew install ${missing.map((name) => PACKAGES[name].brew).join(' ')}`;
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${missing.map((name) => PACKAGES[name].apt).join(' ')}`;
}

/**
 * Makes sure that all three servers are there.
 * @param {(line: string) => void} say
 */
export async function ensureServers(say, env = process.env) {
  const found = findServers(env);
  const missing = missingServers(found);
  if (missing.length === 0) return found;
  const install = installer(missing, env);
  if (install === null) throw new Error(cannotInstall(missing, env, 'and this user may not install packages'));
  say(`installing ${missing.join(', ')} with ${install.with}`);
  const failure = await runInstaller(install, say);
  if (failure !== null) throw new Error(cannotInstall(missing, env, `and ${install.with} failed: ${failure}`));
  const now = findServers(env);
  const still = missingServers(now);
  if (still.length > 0) throw new Error(cannotInstall(still, env, `even after ${install.with} has installed them`));
  return now;
}

function cannotInstall(missing, env, why) {
  return [
    `needed, but not found: ${missing.join(', ')}, ${why}.`,
    `  install them yourself:  ${installCommand(missing, env)}`,
    '  or run everything in containers:  docker compose up',
  ].join('\n');
}

function installer(missing, env) {
  const path = pathOf(env);
  const aptGet = firstProgram(path, 'apt-get') ?? firstProgram(['/usr/bin'], 'apt-get');
  if (aptGet !== null) {
    const script = debianScript(missing.map((name) => PACKAGES[name].apt));
    if (process.getuid?.() === 0) return { with: 'apt-get', command: 'sh', args: ['-c', script] };
    const sudo = firstProgram(path, 'sudo');
    if (sudo !== null && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore', timeout: 10_000 }).status === 0)
      return { with: 'sudo apt-get', command: sudo, args: ['-n', 'sh', '-c', script] };
    return null;
  }
  const brew = firstProgram(path, 'brew');
  return brew === null ? null : { with: 'brew', command: brew, args: ['install', ...missing.map((name) => PACKAGES[name].brew)] };
}

/**
 * Debian starts what it installs, and gives PostgreSQL a first cluster. None of that is wanted here, so while the packages
 * are being installed a policy forbids starting services (removed again at the end) and the cluster's default is off
 * (its file is put back as it was). What was new is disabled, so that the next boot does not start it either.
 */
function debianScript(packages) {
  const services = packages.filter((name) => name !== 'postgresql').join(' ');
  const withPostgres = packages.includes('postgresql');
  return `
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
mark='# of arbitrage-lite, only while it installs packages'
restore() {
  if grep -qsF "$mark" "$policy"; then rm -f "$policy"; fi
  if [ -e "$clusters.arbitrage-lite" ]; then mv -f "$clusters.arbitrage-lite" "$clusters"; fi
}
trap restore EXIT
trap 'exit 1' INT TERM HUP
restore
if [ ! -e "$policy" ]; then printf '#!/bin/sh\\n%s\\nexit 101\\n' "$mark" > "$policy"; chmod 755 "$policy"; fi
get() { apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"; }
echo '>> reading the package lists'
get update
for package in ${services}; do
  echo ">> installing $package"
  get install --no-install-recommends "$package"
done
${
  withPostgres
    ? `echo '>> installing postgresql'
get install --no-install-recommends postgresql-common
cp -p "$clusters" "$clusters.arbitrage-lite"
printf '\\ncreate_main_cluster = false\\n' >> "$clusters"
get install --no-install-recommends postgresql`
    : ''
}
for service in ${services}; do
  if [ -d /run/systemd/system ]; then systemctl disable --now "$service" || true
  elif command -v systemctl > /dev/null; then systemctl disable "$service" || true
  fi
done
`;
}

/** Shows the steps only; the last lines of the rest are kept to explain a failure. */
function runInstaller(install, say) {
  return new Promise((resolve) => {
    const child = spawn(install.command, install.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const last = [];
    let rest = '';
    const read = (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop().slice(-4096);
      for (const line of lines) {
        if (line.startsWith('>> ')) say(line.slice(3));
        else if (install.with === 'brew' && line.startsWith('==>')) say(line.slice(4));
        if (line.trim() !== '') last.push(line);
        if (last.length > 12) last.shift();
      }
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? null : `${signal ?? `exit code ${code}`}\n    ${last.join('\n    ')}\n `));
  });
}

function pathOf(env) {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...BREW_PREFIXES.map((prefix) => join(prefix, 'bin'))];
}

function firstProgram(folders, name) {
  for (const folder of folders) if (isProgram(join(folder, name))) return join(folder, name);
  return null;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not for us: the same to whoever looks for a program
  }
}

/** Newest version first; `postgres` and `initdb` must stand side by side. Debian keeps them out of the PATH. */
function postgresFolders(path) {
  const folders = [];
  for (const parent of ['/usr/lib/postgresql', '/usr/local/pgsql']) {
    if (!existsSync(parent)) continue;
    folders.push(join(parent, 'bin'), ...readdirSync(parent).map((version) => join(parent, version, 'bin')));
  }
  for (const prefix of BREW_PREFIXES) {
    const opt = join(prefix, 'opt');
    if (!existsSync(opt)) continue;
    for (const name of readdirSync(opt)) if (/^postgresql(@\d+)?$/.test(name)) folders.push(join(opt, name, 'bin'));
  }
  const byVersion = new Map();
  for (const folder of [...folders, ...path]) {
    if (!isProgram(join(folder, 'postgres')) || !isProgram(join(folder, 'initdb'))) continue;
    const said = spawnSync(join(folder, 'postgres'), ['-V'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '';
    const major = Number(/ (\d+)/.exec(said)?.[1] ?? 0);
    if (major >= OLDEST_POSTGRES && !byVersion.has(major)) byVersion.set(major, { bin: folder, major });
  }
  return [...byVersion.values()].sort((a, b) => b.major - a.major);
}
