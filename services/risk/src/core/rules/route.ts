import { heldIn } from '../exposure.ts';
import { entriesSince } from '../route-watch.ts';
import { closed } from './closed.ts';
import { type Rule, refuse, within } from './rule.ts';

export const ROUTE: readonly Rule[] = [
  {
    rule: 'too-old',
    tier: 'route',
    weigh: ({ decision: { validUntil }, now }) =>
      validUntil !== null && now > validUntil ? { outcome: 'BLOCK', limit: validUntil, value: now } : null,
  },
  { rule: 'route-paused', tier: 'route', weigh: ({ routeName }, { paused }) => refuse(paused.has(routeName)) },
  { rule: 'route-closed', tier: 'route', weigh: ({ routeName, now }, facts) => closed(facts, routeName, now) },
  {
    rule: 'route-frequency',
    tier: 'route',
    weigh: ({ routeName, now }, { routes }, { maxEntriesPerRoute, routeWindowMicros }) => {
      if (maxEntriesPerRoute === null) return null;
      const entries = entriesSince(routes.get(routeName), now - routeWindowMicros);
      return entries < maxEntriesPerRoute ? null : { outcome: 'COOLDOWN', limit: maxEntriesPerRoute, value: entries };
    },
  },
  {
    rule: 'route-exposure',
    tier: 'route',
    weigh: ({ routeName, asked }, { exposures }, { maxPerRoute }) => within(maxPerRoute, heldIn(exposures.routes, routeName), asked),
  },
];
