import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { faultLine, readAlertRules } from '@arb/shared/config';
import { alertsPage } from './alerts-page.ts';

/** The same distance from `src/docs` and from `dist/docs`. */
const project = new URL('../../../../', import.meta.url);
const read = readAlertRules(fileURLToPath(new URL('config/alerts.yaml', project)));
if ('faults' in read) {
  for (const fault of read.faults) process.stderr.write(`${faultLine(fault)}\n`);
  process.exitCode = 1;
} else writeFileSync(new URL('docs/ALERTS.md', project), alertsPage(read.rules));
