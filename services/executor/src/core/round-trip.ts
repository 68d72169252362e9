import type { DataOf, RoundTrip } from '@arb/shared/contracts';

type Traded = RoundTrip['legs'][number];

/** Null where that leg never traded. */
function legFields(name: string, traded: Traded | undefined): Record<string, string | number | null> {
  const leg = traded?.leg;
  return {
    [`${name}Venue`]: leg?.venue ?? null,
    [`${name}Symbol`]: leg?.symbol ?? null,
    [`${name}Asked`]: leg?.asked ?? null,
    [`${name}Filled`]: leg?.filled ?? null,
    [`${name}Expected`]: leg?.expected ?? null,
    [`${name}Price`]: leg?.price ?? null,
    [`${name}Value`]: leg?.value ?? null,
    [`${name}Fee`]: leg?.fee ?? null,
    [`${name}SlippageBps`]: leg?.slippageBps ?? null,
    [`${name}LatencyMs`]: leg?.latencyMs ?? null,
    [`${name}Orders`]: leg?.orders ?? null,
  };
}

/**
 * One line of the round-trip log, from the `position` with which a trip ended and the header that it stands under; null
 * for a position that ends none. Every line has the same fields in the same order: 69 and the parts of the result.
 */
export function roundTripLine(header: { readonly session: string; readonly position: number }, data: DataOf<'position'>): string | null {
  const { log } = data;
  if (log === undefined) return null;
  const find = (phase: Traded['phase'], side: 'buy' | 'sell') => log.legs.find((one) => one.phase === phase && one.leg.side === side);
  const fields = {
    session: header.session,
    position: header.position,
    trip: data.trip,
    coin: data.coin,
    state: data.state,
    buyVenue: data.route?.buy ?? null,
    sellVenue: data.route?.sell ?? null,
    enteredAt: log.enteredAt,
    endedAt: log.endedAt,
    heldMs: Math.round((log.endedAt - log.enteredAt) / 1000),
    notional: log.notional?.amount ?? null,
    notionalCurrency: log.notional?.currency ?? null,
    edgeBps: log.edgeBps,
    score: log.score,
    enterRule: log.enterRule,
    exitRule: log.exitRule,
    exits: log.exits,
    unwinds: log.unwinds,
    kept: log.kept,
    unhedgedMs: log.unhedged,
    model: log.model,
    modelVersion: log.modelVersion,
    why: data.why,
    pnl: data.pnl?.amount ?? null,
    pnlCurrency: data.pnl?.currency ?? null,
    ...legFields('enterBuy', find('enter', 'buy')),
    ...legFields('enterSell', find('enter', 'sell')),
    ...legFields('exitBuy', find('exit', 'buy')),
    ...legFields('exitSell', find('exit', 'sell')),
    ...Object.fromEntries(
      Object.entries(data.parts).map(([part, amount]) => [`part${part.charAt(0).toUpperCase()}${part.slice(1)}`, amount]),
    ),
  };
  return `${JSON.stringify(fields)}\n`;
}
