/** Brings a checkout to where its code can run: the right Node.js, installed packages, a build of the present sources. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK_STAMP = join(ROOT, 'node_modules', '.arb-lock');
const BUILD_STAMP = join(ROOT, 'node_modules', '.arb-build');
const SOURCES = ['libs', 'services', 'simulator', 'cli', 'bench'];
const OLDEST_NODE = [20, 19];

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A sentence when this Node.js is too old, else null. */
export function faultOfNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return null;
  return `Node.js ${OLDEST_NODE.join('.')} or newer is needed, and this is ${version}: install a newer one (https://nodejs.org or nvm), then run this again.`;
}

/** Installs the packages of package-lock.json unless these are installed already. No package's own scripts are run. */
export async function installPackages() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  if (stampIs(LOCK_STAMP, hash)) return;
  if (!isInstalled(JSON.parse(lock.toString('utf8')))) {
    const started = Date.now();
    say('installing packages (npm ci) …');
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
    say(`installed packages in ${seconds(started)}`);
  }
  stamp(LOCK_STAMP, hash);
}

/** Compiles when a source is newer than, gone from or added to what was compiled last. */
export async function build() {
  const state = stateOfSources();
  const entry = join(ROOT, 'cli', 'dist', 'main.js');
  if (stampIs(BUILD_STAMP, state) && existsSync(entry)) return;
  const started = Date.now();
  say('compiling …');
  await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'], 'compiling');
  stamp(BUILD_STAMP, state);
  say(`compiled in ${seconds(started)}`);
}

export function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

/** Someone may have run npm themselves: what it wrote down is compared with what the lock file asks for. */
function isInstalled(lock) {
  const path = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(path)) return false;
  const there = JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  return Object.entries(lock.packages ?? {}).every(
    ([name, wanted]) =>
      !name.includes('node_modules/') ||
      (there[name] === undefined ? wanted.optional || wanted.devOptional || wanted.peer : sameOrigin(there[name], wanted)),
  );
}

function sameOrigin(there, wanted) {
  return there.version === wanted.version && there.integrity === wanted.integrity && Boolean(there.link) === Boolean(wanted.link);
}

function stateOfSources() {
  const hash = createHash('sha256');
  for (const file of ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json']) addFile(hash, join(ROOT, file));
  for (const folder of SOURCES) addFolder(hash, join(ROOT, folder));
  return hash.digest('hex');
}

function addFolder(hash, folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      // That a compiled folder is there counts; what is in it follows from the sources.
      if (entry.name === 'dist') hash.update(`${path}${sep}`);
      else if (entry.name !== 'node_modules') addFolder(hash, path);
    } else if (/\.(m|c)?tsx?$|^package\.json$|^tsconfig.*\.json$/.test(entry.name) && !entry.name.endsWith('.spec.ts')) {
      addFile(hash, path);
    }
  }
}

function addFile(hash, path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
}

function stampIs(path, wanted) {
  return existsSync(path) && readFileSync(path, 'utf8') === wanted;
}

function stamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, value);
  renameSync(`${path}.new`, path);
}

/** npm as the one that runs us, else the one beside this Node.js, else the PATH's. */
function npm(args) {
  const own = process.env.npm_execpath;
  if (own?.endsWith('npm-cli.js')) return run(process.execPath, [own, ...args], 'npm ci');
  const beside = join(dirname(process.execPath), 'npm');
  return run(existsSync(beside) ? beside : 'npm', args, 'npm ci');
}

/** Its output goes to stderr: stdout is for results. */
export function run(command, args, what, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', process.stderr.fd, process.stderr.fd], env });
    child.on('error', (error) => reject(new Error(`${what} could not be started (${command}): ${error.message}`, { cause: error })));
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${what} failed with ${signal ?? `exit code ${code}`}: see the lines above`)),
    );
  });
}
