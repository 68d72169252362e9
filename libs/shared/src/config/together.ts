import type { SessionConfig } from '../core/config.ts';
import type { Fault } from './fault.ts';
import type { Infrastructure } from './infrastructure.ts';
import { nearest } from './nearest.ts';
import { addressesIn } from './rules.ts';
import { settingsOf } from './setting.ts';
import { type Draft, isMap, newSection, type Origins, SESSION_SECTIONS } from './tree.ts';

/**
 * Maps by venue hold exactly the venues that are watched. A default for a venue that is not watched is dropped;
 * one that somebody wrote is a fault.
 */
export function fitVenues(draft: Draft, origins: Origins): readonly Fault[] {
  const listed: unknown = draft.market?.venues;
  if (!Array.isArray(listed)) return [];
  const venues = listed.map((venue) => (venue as { name?: unknown } | null)?.name).filter((name) => typeof name === 'string');
  const faults: Fault[] = [];
  for (const section of SESSION_SECTIONS)
    for (const [key, { rule }] of settingsOf(newSection(section))) {
      const map = draft[section]?.[key];
      if (rule.perVenue === undefined || !isMap(map)) continue;
      const path = `${section}.${key}`;
      for (const name of Object.keys(map).filter((entry) => !venues.includes(entry))) {
        const written = `${path}.${name}`;
        if (origins.has(written))
          faults.push({
            path: written,
            value: map[name],
            reason: 'is for a venue that market.venues does not list',
            remedy: `did you mean ${nearest(name, venues)}? in ${origins.of(written)}`,
          });
        else delete map[name];
      }
      for (const name of venues.filter((venue) => !Object.hasOwn(map, venue)))
        faults.push({
          path: `${path}.${name}`,
          value: undefined,
          reason: 'is missing for a venue of market.venues',
          remedy: `add it (${rule.allowed}), or leave ${name} out of market.venues`,
        });
    }
  return faults;
}

/** What each value for itself cannot say. Called once every value is in its own bounds. */
export function faultsTogether(session: SessionConfig): readonly Fault[] {
  const { strategy, risk, executor, market, aggregator } = session;
  const faults: Fault[] = [];
  const refuse = (wrong: boolean, path: string, value: unknown, reason: string, remedy: string): void => {
    if (wrong) faults.push({ path, value, reason, remedy });
  };
  refuse(
    strategy.exitEdgeBps >= strategy.minEdgeBps,
    'strategy.exitEdgeBps',
    strategy.exitEdgeBps,
    `is not below strategy.minEdgeBps (${strategy.minEdgeBps})`,
    'lower it, or a round trip is closed as soon as it is entered',
  );
  refuse(
    strategy.abnormalEdgeBps <= strategy.minEdgeBps,
    'strategy.abnormalEdgeBps',
    strategy.abnormalEdgeBps,
    `is not above strategy.minEdgeBps (${strategy.minEdgeBps})`,
    'raise it, or nothing is ever entered',
  );
  refuse(
    strategy.maxTripsPerCoin > strategy.maxOpenTrips,
    'strategy.maxTripsPerCoin',
    strategy.maxTripsPerCoin,
    `is above strategy.maxOpenTrips (${strategy.maxOpenTrips})`,
    'lower it, or raise strategy.maxOpenTrips',
  );
  const { spread, health, fees, inventory } = strategy.scoreWeights;
  refuse(
    !(spread + health + fees + inventory > 0),
    'strategy.scoreWeights',
    0,
    'weigh nothing in all',
    'give at least one of them a weight above 0',
  );
  for (const name of Object.keys(strategy.feeSchedules))
    refuse(
      !market.venues.some((venue) => venue.name === name),
      `strategy.feeSchedules.${name}`,
      name,
      'is for a venue that market.venues does not list',
      `did you mean ${nearest(
        name,
        market.venues.map((venue) => venue.name),
      )}?`,
    );
  refuse(
    Number(risk.maxPerCoin) > Number(risk.maxExposure),
    'risk.maxPerCoin',
    risk.maxPerCoin,
    `is above risk.maxExposure (${risk.maxExposure})`,
    'lower it, or raise risk.maxExposure',
  );
  refuse(
    risk.emergencyStop !== undefined && risk.maxDailyLoss !== undefined && Number(risk.emergencyStop) < Number(risk.maxDailyLoss),
    'risk.emergencyStop',
    risk.emergencyStop,
    `is below risk.maxDailyLoss (${risk.maxDailyLoss})`,
    'raise it, or everything halts before positions are only reduced',
  );
  refuse(
    risk.currency !== aggregator.numeraire,
    'risk.currency',
    risk.currency,
    `is not aggregator.numeraire (${aggregator.numeraire})`,
    'give both the same currency: limits and prices are never compared across currencies',
  );
  for (const [venue, { min, max }] of Object.entries(executor.latencyMs))
    refuse(min > max, `executor.latencyMs.${venue}.min`, min, `is above max (${max})`, 'exchange or correct the two');
  refuse(
    executor.fillModel === 'queue',
    'executor.fillModel',
    executor.fillModel,
    'is not offered: paper orders never rest in a queue, each fills at once or not at all',
    'choose depth, simple or calibrated',
  );
  const { edgeBps, size, volatilityBps, ratios } = executor.calibration;
  for (const [measure, bounds] of Object.entries({ edgeBps, size, volatilityBps }))
    refuse(
      bounds.some((bound, i) => i > 0 && bound <= (bounds[i - 1] as number)),
      `executor.calibration.${measure}`,
      bounds,
      'does not ascend',
      'write each bound once, the lowest first',
    );
  const zones = (edgeBps.length + 1) * (size.length + 1) * (volatilityBps.length + 1);
  refuse(
    ratios.length !== zones,
    'executor.calibration.ratios',
    ratios.length,
    `is not one ratio for each of the ${zones} zones that the bounds make`,
    'write one for each: edge first, then size, then volatility the fastest',
  );
  for (const { name } of market.venues)
    refuse(
      market.source === 'recording' && !Object.hasOwn(market.recordings ?? {}, name),
      `market.recordings.${name}`,
      undefined,
      'is missing: the source is recording',
      `name its files, or leave ${name} out of market.venues`,
    );
  for (const { name, quote } of market.venues)
    refuse(
      !Object.hasOwn(executor.openingBalances[name] ?? {}, quote),
      `executor.openingBalances.${name}.${quote}`,
      undefined,
      `is missing: it is what ${name} buys with`,
      "add it, as a decimal number in quotes ('0' for none)",
    );
  return faults;
}

const PLACEHOLDER = /changeme|<[^<>]*>/i;
const LOOPBACK = /^(localhost|.*\.localhost|127\..*|0\.0\.0\.0|\[::1?\]|\[::ffff:(127\..*|7f[0-9a-f]{2}:.*)\])\.?$/i;

/** What is fine for trying things out and never for live trading. */
export function faultsOfLive(infrastructure: Infrastructure, session: SessionConfig): readonly Fault[] {
  const faults: Fault[] = [];
  const servers: (keyof Infrastructure)[] = ['natsUrl', 'postgresUrl', 'redisUrl'];
  if (session.market.source === 'simulated') servers.push('simulatorUrl');
  const unused = session.market.source === 'simulated' ? null : 'infrastructure.simulatorUrl';
  const walk = (value: unknown, path: string): void => {
    if (path === unused) return;
    if (typeof value === 'string' && PLACEHOLDER.test(value))
      faults.push({ path, value, reason: 'is a placeholder, and live refuses those', remedy: 'set the real value' });
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
  };
  walk(infrastructure, 'infrastructure');
  for (const key of SESSION_SECTIONS) walk(session[key as keyof SessionConfig], key);
  for (const key of servers) {
    const value = String(infrastructure[key]);
    const urls = (key === 'natsUrl' ? addressesIn(value) : [value]).filter((one) => URL.canParse(one)).map((one) => new URL(one));
    if (urls.some((url) => [url.hostname, url.searchParams.get('host') ?? ''].some((host) => LOOPBACK.test(host))))
      faults.push({
        path: `infrastructure.${key}`,
        value,
        reason: 'is this machine itself, and live refuses that',
        remedy: 'name the real server',
      });
  }
  return faults;
}
