/** `node libs/venues/dist/bench/compare.js`: raw message → book, against tardis-dev and ccxt pro on the same messages. */
import { recordingsFolder } from '../recording/index.ts';
import { type Ccxt, type Contender, ccxt, jsonParse, library, ours, type Tardis, tardis } from './contenders.ts';
import { manyCoins } from './many-coins.ts';
import { readSamples, type Sample } from './samples.ts';

const ROUNDS = 15;
const WARM_UP = 3;
/** Short samples are gone through several times, or the clock's own steps would count. */
const LEAST_MESSAGES = 3_000;

/** Median µs of processor time a message, contenders taking turns, so that a slow moment of the machine is everybody's. */
function measure(sample: Sample, contenders: readonly (readonly [string, Contender])[]): ReadonlyMap<string, number> {
  const passes = Math.max(1, Math.ceil(LEAST_MESSAGES / sample.messages.length));
  const times = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
  for (let round = 0; round < WARM_UP + ROUNDS; round++)
    for (const [name, contender] of contenders) {
      let spent = 0;
      for (let pass = 0; pass < passes; pass++) {
        const take = contender(sample);
        const before = process.cpuUsage();
        for (const bytes of sample.messages) sink += take(bytes);
        const { user, system } = process.cpuUsage(before);
        spent += user + system;
      }
      if (round >= WARM_UP) times.get(name)?.push(spent / (passes * sample.messages.length));
    }
  return new Map([...times].map(([name, each]) => [name, median(each)]));
}

/** What was computed is used, so that nothing is left out as useless. */
let sink = 0;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

const folder = recordingsFolder();
if (folder === null) {
  console.error('there are no recordings to measure with: set ARB_RECORDINGS to their folder');
  process.exit(1);
}
const [tardisDev, ccxtPro] = [await library<Tardis>('tardis-dev'), await library<Ccxt>('ccxt')];
for (const [name, found] of Object.entries({ 'tardis-dev': tardisDev, ccxt: ccxtPro }))
  if (found === null) console.error(`${name} is not installed (npm install): left out`);

for (const sample of readSamples(folder)) {
  const simple = sample.name.includes('SIMPLE');
  const result = measure(sample, [
    ['JSON.parse alone', jsonParse],
    ['this project', ours],
    ...(tardisDev === null || simple
      ? []
      : ([
          ['tardis-dev, changes', tardis(tardisDev, 'changes')],
          ['tardis-dev, book', tardis(tardisDev, 'books')],
          ['tardis-dev, 30 levels', tardis(tardisDev, 'levels')],
        ] as const)),
    ...(ccxtPro === null || simple ? [] : ([['ccxt pro', ccxt(ccxtPro)]] as const)),
  ]);
  const own = result.get('this project') as number;
  console.log(`${sample.name}: ${sample.messages.length} messages`);
  for (const [name, us] of result)
    console.log(
      `  ${name.padEnd(22)} ${us.toFixed(2).padStart(7)} µs  ${Math.round(1e6 / us)
        .toString()
        .padStart(8)}/s  ${(us / own).toFixed(2)}x`,
    );
}
for (const line of manyCoins(folder)) console.log(line);
if (Number.isNaN(sink)) throw new Error('a book holds what is no number');
