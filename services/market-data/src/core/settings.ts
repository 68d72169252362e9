import type { MarketConfig } from '@arb/shared/core';

export type Settings = Required<MarketConfig>;

/** A session that began before there was a setting runs on its default. */
const DEFAULTS: Omit<Settings, 'source' | 'coins' | 'venues' | 'booksPerSecond' | 'depth' | 'seed'> = {
  trades: true,
  universe: 'FIXED_LIST',
  topN: 20,
  leastVolume: 0,
  whitelist: null,
  blacklist: null,
  universeSeconds: 600,
  coinNames: {},
  statusSeconds: 60,
  bankSeconds: 10,
  staticRates: {},
  recordings: {},
  recordingSpeed: 'recorded',
};

export function settingsOf(market: MarketConfig): Settings {
  return { ...DEFAULTS, ...market };
}
