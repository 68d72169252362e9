export { type Ccxt, type Contender, ccxt, jsonParse, library, ours, type Tardis, tardis } from './contenders.ts';
export { type ManyCoins, manyCoins } from './many-coins.ts';
export { readSamples, type Sample } from './samples.ts';
