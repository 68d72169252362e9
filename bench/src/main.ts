import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { adapters } from './benches/adapters.ts';
import { alerts } from './benches/alerts.ts';
import { archive } from './benches/archive.ts';
import { cores } from './benches/cores.ts';
import { handover } from './benches/handover.ts';
import { journal } from './benches/journal.ts';
import { longSession } from './benches/long-session.ts';
import { manyCoins } from './benches/many-coins.ts';
import { micro } from './benches/micro.ts';
import { pipeline } from './benches/pipeline.ts';
import { pipelineReal } from './benches/pipeline-real.ts';
import { restart } from './benches/restart.ts';
import { soak } from './benches/soak.ts';
import { standby } from './benches/standby.ts';
import { sustained } from './benches/sustained.ts';
import { verify } from './benches/verify.ts';
import { table } from './print.ts';
import type { Row } from './row.ts';
import { endAll } from './stack/endings.ts';

const BENCHES: readonly Bench[] = [
  pipeline,
  pipelineReal,
  sustained,
  journal,
  restart,
  handover,
  standby,
  micro,
  cores,
  alerts,
  adapters,
  manyCoins,
  verify,
  archive,
  longSession,
  soak,
];
const EXIT_USAGE = 64;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, minutes: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help === true) usage(0);
const unknown = positionals.find((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown !== undefined) usage(EXIT_USAGE, `there is no measurement named ${unknown}`);
const minutes = values.minutes === undefined ? null : Number(values.minutes);
if (minutes !== null && !(minutes > 0 && minutes <= 24 * 60)) usage(EXIT_USAGE, `--minutes: expected 0 to 1440, found ${values.minutes}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void endAll().finally(() => process.exit(130));
  });

const rows: Row[] = [];
const say = (what: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}\n`);
const chosen = BENCHES.filter(({ name, byDefault }) => (positionals.length === 0 ? byDefault : positionals.includes(name)));
const loadBefore = loadavg()[0] as number;
try {
  for (const bench of chosen) {
    say(`${bench.name}: ${bench.says}`);
    rows.push(...(await bench.run({ quick: values.quick === true, minutes, say: (what) => say(`${bench.name}: ${what}`) })));
  }
} finally {
  await endAll();
}
process.stdout.write(`${table(rows)}\n`);
if (loadBefore > 0.5) process.stdout.write(`The machine was busy before (load ${loadBefore.toFixed(2)}): take the numbers as rough.\n`);
if (values.json === true)
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), quick: values.quick === true, loadBefore, rows })}\n`);

function usage(code: number, fault?: string): never {
  const names = BENCHES.map(({ name, says, byDefault }) => `  ${name.padEnd(13)} ${says}${byDefault ? '' : ' (only when named)'}`).join(
    '\n',
  );
  const text = `usage: npm run bench [-- NAME… --json --quick --minutes N]\n${names}\n`;
  if (fault === undefined) process.stdout.write(text);
  else process.stderr.write(`${fault}\n${text}`);
  process.exit(code);
}
