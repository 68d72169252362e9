/** `npm test [-- unit | int | e2e …]`: installs what the tests need, checks the code, runs the tests from small to large. */
import { join } from 'node:path';
import { ensureServers } from './servers.mjs';
import { build, faultOfNode, installPackages, ROOT, run, say, seconds } from './workspace.mjs';

const LEVELS = ['unit', 'int', 'e2e'];
/** On two cores: those with real servers mostly wait for them; a whole stack wants the machine for itself. */
const WORKERS = { unit: '--maxWorkers=2', int: '--maxWorkers=3', e2e: '--runInBand' };
const asked = process.argv.slice(2);
const unknown = asked.find((word) => !['check', ...LEVELS].includes(word));
if (unknown !== undefined) {
  say(`npm test: "${unknown}" is not one of check, ${LEVELS.join(', ')}`);
  process.exit(2);
}
const wanted = (step) => asked.length === 0 || asked.includes(step);
const started = Date.now();

try {
  const fault = faultOfNode();
  if (fault !== null) throw new Error(fault);
  await installPackages();
  await ensureServers(say);
  if (wanted('check')) await step('check', () => npmCheck());
  await step('build', () => build());
  for (const level of LEVELS) if (wanted(level)) await step(level, () => jest(level));
  say(`\nall of it passed in ${seconds(started)}`);
} catch (error) {
  say(`\nnpm test failed: ${error.message}`);
  process.exitCode = 1;
}

async function step(name, work) {
  const began = Date.now();
  say(`\n── ${name} ${'─'.repeat(Math.max(1, 60 - name.length))}`);
  await work();
  say(`   ${name}: ${seconds(began)}`);
}

function environment() {
  return { ...process.env, NX_DAEMON: 'false', NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };
}

function npmCheck() {
  const own = process.env.npm_execpath;
  const args = ['run', '--silent', 'check'];
  return own?.endsWith('npm-cli.js')
    ? run(process.execPath, [own, ...args], 'npm run check', environment())
    : run('npm', args, 'npm run check', environment());
}

function jest(level) {
  const args = [
    join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--passWithNoTests',
    '--testPathPatterns',
    `\\.${level}\\.spec\\.ts$`,
  ];
  args.push(WORKERS[level]);
  return run(process.execPath, args, `the ${level} tests`, environment());
}
