/**
 * Makes a release of the present commit: an archive that runs after `npm ci --omit=dev`, the changes since the last one, checksums.
 *   node deploy/release.mjs [--out FOLDER] [--image NAME] [--allow-dirty]
 * The same commit gives the same bytes. With --image the container image is built too, labelled with version and commit.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'arbitrage-lite';
const COMPILED = ['libs', 'services', 'simulator', 'cli'];

/** What of the repository is needed where it runs. Manifests of all packages stay: the lock file names them. */
export function goesOut(file) {
  if (/(^|\/)package(-lock)?\.json$/.test(file)) return true;
  if (/^(bench|proofs|workspace|\.github)\//.test(file) || /^[^/]*\.(js|jsonc?)$/.test(file)) return false;
  return !/(^|\/)(src|fixtures)\/|\.spec\.ts$|(^|\/)tsconfig[^/]*\.json$|(^|\/)\.gitignore$/.test(file);
}

/** One line a change, as its author told it; merges tell nothing of their own. */
export function changelogOf(version, since, subjects) {
  const lines = subjects.filter((subject) => subject !== '' && !subject.startsWith('Merge ')).map((subject) => `- ${subject}`);
  const heading = since === null ? `# ${version}\n\nThe first release.` : `# ${version}\n\nChanges since ${since}.`;
  return `${heading}\n\n${lines.join('\n')}\n`;
}

function main() {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: 'release' }, image: { type: 'string' }, 'allow-dirty': { type: 'boolean' } },
  });
  const dirty = git('status', '--porcelain').trim();
  if (dirty !== '' && !values['allow-dirty'])
    throw new Error(`the release is that of a commit, and there are changes beside it:\n${dirty}\ncommit them, or say --allow-dirty`);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const commit = git('rev-parse', 'HEAD').trim();
  const committedAt = Number(git('log', '-1', '--format=%ct'));
  run(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-b',
    'libs/shared',
    'libs/venues',
    ...readdirSync(join(ROOT, 'services')).map((name) => `services/${name}`),
    'simulator',
    'cli',
  ]);

  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const files = [
    ...git('ls-files')
      .split('\n')
      .filter((file) => file !== '' && goesOut(file)),
    ...COMPILED.flatMap(compiledIn),
  ].sort();
  const archive = `${NAME}-${version}.tar.gz`;
  pack(files, join(out, archive), `${NAME}-${version}`, committedAt);
  const last = lastTag();
  const changelog = `CHANGELOG-${version}.md`;
  writeFileSync(
    join(out, changelog),
    changelogOf(version, last, git('log', '--format=%s', last === null ? 'HEAD' : `${last}..HEAD`).split('\n')),
  );
  const sums = [archive, changelog].map(
    (file) =>
      `${createHash('sha256')
        .update(readFileSync(join(out, file)))
        .digest('hex')}  ${file}\n`,
  );
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  process.stdout.write(sums.join(''));
  if (values.image !== undefined) buildImage(`${values.image}:${version}`, { version, commit, committedAt });
}

/** Sorted, with the commit's time and no names of people or machines: the same bytes wherever it is packed. */
function pack(files, path, folder, committedAt) {
  const list = `${path}.files`;
  writeFileSync(list, files.join('\n'));
  const options = [
    '--sort=name',
    `--mtime=@${committedAt}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u+rw,go+r-w',
    '--format=ustar',
  ];
  const tar = spawnSync('tar', [...options, `--transform=s,^,${folder}/,`, '-C', ROOT, '-T', list, '-cf', '-'], { maxBuffer: 1 << 30 });
  rmSync(list);
  if (tar.status !== 0) throw new Error(`tar failed (GNU tar is needed): ${tar.stderr ?? tar.error}`);
  const gzip = spawnSync('gzip', ['-9', '-n'], { input: tar.stdout, maxBuffer: 1 << 30 });
  if (gzip.status !== 0) throw new Error(`gzip failed: ${gzip.stderr ?? gzip.error}`);
  writeFileSync(path, gzip.stdout);
}

function compiledIn(folder) {
  const found = [];
  const walk = (at) => {
    for (const entry of readdirSync(at)) {
      const path = join(at, entry);
      if (entry === 'node_modules') continue;
      if (statSync(path).isDirectory()) walk(path);
      else if (/\/dist\/.*\.(js|mjs)$/.test(path) && !/\.(spec|testing)\.js$/.test(path)) found.push(relative(ROOT, path));
    }
  };
  if (existsSync(join(ROOT, folder))) walk(join(ROOT, folder));
  return found;
}

function lastTag() {
  const { status, stdout } = spawnSync('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

function buildImage(tag, { version, commit, committedAt }) {
  const told = { VERSION: version, REVISION: commit, CREATED: new Date(committedAt * 1_000).toISOString() };
  run('docker', ['build', '--tag', tag, ...Object.entries(told).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]), ROOT]);
}

function git(...words) {
  return execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
}

function run(command, words) {
  const { status, error } = spawnSync(command, words, { cwd: ROOT, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) throw new Error(`${command} ${words[0]} failed${error === undefined ? '' : `: ${error.message}`}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    main();
  } catch (error) {
    console.error(`release: ${error.message}`);
    process.exitCode = 1;
  }
}
