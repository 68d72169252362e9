/** `npm start`: from a fresh clone to the running stack. It needs Node.js and npm, and nothing else. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, faultOfNode, installPackages, ROOT, say } from './workspace.mjs';

const fault = faultOfNode();
if (fault !== null) {
  say(fault);
  process.exit(1);
}
try {
  await installPackages();
  await build();
} catch (error) {
  say(`arbitrage-lite cannot start: ${error.message}`);
  process.exit(1);
}
// Handed over inside this process, so that a signal for the stack has one addressee.
const main = join(ROOT, 'cli', 'dist', 'main.js');
process.argv = [process.argv[0], main, 'start', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
