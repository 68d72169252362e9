/**
 * `npm run lock`, after a dependency has changed: names in package-lock.json the optional packages of other platforms.
 * A registry mirror that does not serve them makes npm leave them out, and `npm ci` then refuses the lock everywhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OS = ['android', 'darwin', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'linux', 'win32', 'openharmony', 'wasm32'];
const CPU = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'];

/** Optional dependencies that a lock names without an entry for them: `[name, version, dev]`. */
export function missingOptional(lock) {
  const places = Object.keys(lock.packages);
  const missing = new Map();
  for (const entry of Object.values(lock.packages))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {}))
      if (!places.some((place) => place === `node_modules/${name}` || place.endsWith(`/node_modules/${name}`)))
        missing.set(name, { version: version.replace(/^[~^]/, ''), dev: entry.dev === true });
  return missing;
}

function entryOf(name, { version, dev }) {
  const words = name.split(/[-/]/);
  const cpu = words.filter((word) => CPU.includes(word));
  const os = words.filter((word) => OS.includes(word));
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(dev ? { dev: true } : {}),
    ...(words.includes('musl') ? { libc: ['musl'] } : os.includes('linux') && words.includes('gnu') ? { libc: ['glibc'] } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const missing = missingOptional(lock);
  for (const [name, found] of missing) lock.packages[`node_modules/${name}`] = entryOf(name, found);
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`package-lock.json: ${missing.size} packages of other platforms named\n`);
}
