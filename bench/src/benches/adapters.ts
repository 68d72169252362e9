import {
  type Ccxt,
  type Contender,
  ccxt,
  jsonParse,
  library,
  ours,
  readSamples,
  type Sample,
  type Tardis,
  tardis,
} from '@arb/venues/bench';
import { recordingsFolder } from '@arb/venues/recording';
import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import { atLeast, atMost, type Row, row } from '../row.ts';

const ROUNDS = 15;
const QUICK_ROUNDS = 3;
const WARM_UP = 3;
/** Short samples are gone through several times, or the clock's own steps would count. */
const LEAST_MESSAGES = 3_000;

const OURS = 'ours';
const PARSE = 'JSON.parse alone';
const BOOK = 'tardis-dev';
const CHANGES = 'tardis-dev, its changes only';
const LEVELS = 'tardis-dev, with 30 levels';
const CCXT = 'ccxt pro';

/** What was computed is used, so that nothing is left out as useless. */
let sink = 0;

/** From the raw message to the book, against what others use for it, on the same recorded messages. */
export const adapters: Bench = {
  name: 'adapters',
  says: 'raw message to book, against tardis-dev and ccxt pro on the same recorded messages',
  byDefault: true,
  async run({ quick, say }) {
    const folder = recordingsFolder();
    if (folder === null) {
      say('left out: there are no recordings to measure with; ARB_RECORDINGS names their folder');
      return [];
    }
    const [tardisDev, ccxtPro] = [await library<Tardis>('tardis-dev'), await library<Ccxt>('ccxt')];
    for (const [name, found] of Object.entries({ 'tardis-dev': tardisDev, ccxt: ccxtPro }))
      if (found === null) say(`${name} is not installed: left out`);
    const rows: Row[] = [];
    const ahead: number[] = [];
    for (const sample of readSamples(folder)) {
      say(sample.name);
      // Neither reads format SIMPLE, which is what is asked for here.
      const simple = sample.name.includes('SIMPLE');
      const contenders = new Map<string, Contender>([
        [PARSE, jsonParse],
        [OURS, ours],
      ]);
      if (tardisDev !== null && !simple) {
        contenders.set(CHANGES, tardis(tardisDev, 'changes'));
        contenders.set(BOOK, tardis(tardisDev, 'books'));
        contenders.set(LEVELS, tardis(tardisDev, 'levels'));
      }
      if (ccxtPro !== null && !simple) contenders.set(CCXT, ccxt(ccxtPro));
      const us = measure(sample, contenders, quick ? QUICK_ROUNDS : ROUNDS);
      const own = us.get(OURS) as number;
      const parse = us.get(PARSE) as number;
      const [theirs, ccxts] = [us.get(BOOK), us.get(CCXT)];
      if (theirs !== undefined) ahead.push(theirs / own);
      const note = [CHANGES, LEVELS].flatMap((name) => (us.has(name) ? [`${name} ${(us.get(name) as number).toFixed(1)}`] : [])).join('; ');
      const against = theirs === undefined ? {} : { peer: theirs, must: atMost(1, 'ratio') };
      rows.push(
        row('adapters', `${sample.name}, ${theirs === undefined ? 'alone' : `against ${BOOK}`}`, own, 'µs a message', { ...against, note }),
      );
      if (ccxts !== undefined)
        rows.push(row('adapters', `${sample.name}, against ${CCXT}`, own, 'µs a message', { peer: ccxts, must: atMost(1, 'ratio') }));
      rows.push(
        row('adapters', `${sample.name}, over ${PARSE}`, own - parse, 'µs a message', {
          ...(sample.adapter.venue === 'binance' ? { must: atMost(5) } : {}),
          note: `JSON.parse takes ${parse.toFixed(1)}`,
        }),
      );
    }
    if (ahead.length > 0)
      rows.push(
        row('adapters', `times as fast as ${BOOK}, median`, median(ahead), '×', { must: atLeast(2), note: `${ahead.length} recordings` }),
      );
    if (Number.isNaN(sink)) throw new Error('a book holds what is no number');
    return rows;
  },
};

/** Median µs of processor time a message, contenders taking turns, so that a slow moment of the machine is everybody's. */
function measure(sample: Sample, contenders: ReadonlyMap<string, Contender>, rounds: number): ReadonlyMap<string, number> {
  const passes = Math.max(1, Math.ceil(LEAST_MESSAGES / sample.messages.length));
  const times = new Map<string, number[]>([...contenders.keys()].map((name) => [name, []]));
  for (let round = 0; round < WARM_UP + rounds; round++)
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
