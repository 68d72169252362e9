#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The compiler writes files that are not executable; this one is, and is there before the first build.
const main = new URL('./dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error(`arb: ${main.pathname} is not there: run "npm run build" first`);
  process.exitCode = 1;
}
