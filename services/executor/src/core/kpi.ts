import type { DataOf } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { zoneName } from './calibration.ts';
import type { Desk } from './desk.ts';
import { keptNow } from './kept.ts';
import { unrealised } from './mark.ts';

const HOUR_MICROS = 3_600_000_000;
/** Of the round trips that are open, so many are named. */
const MOST_OPEN = 50;

/** To six places: enough to read, and the same digits on every machine. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function ratio(sum: number, of: number): number | null {
  return of === 0 ? null : rounded(sum / of);
}

export function sayKpi(desk: Desk, context: CoreContext): void {
  const { stats, settings } = desk;
  const currency = settings.numeraire;
  const mark = unrealised(desk, context.now);
  const ended = stats.won + stats.lost;
  const hours = (context.now - stats.since) / HOUR_MICROS;
  const numbers: DataOf<'kpi'>['numbers'] = {
    winRate: ratio(stats.won, ended),
    averageR: ratio(stats.rSum, stats.rCount),
    tradesPerHour: hours <= 0 ? null : rounded(stats.closed / hours),
    fillRatio: ratio(stats.ratioSum, stats.orders),
    slippageBps: ratio(stats.slippageSum, stats.fills),
    ackLatencyMs: ratio(stats.latencySum, stats.orders + stats.unwinds),
    ackLatencyMaxMs: stats.latencyMax,
    unhedged: rounded(stats.unhedged),
    orders: stats.orders,
    notFilled: stats.notFilled,
    notSent: stats.notSent,
    unwinds: stats.unwinds,
    transfers: stats.transfers,
    transfersUnderWay: desk.transfers.size,
    transferCost: rounded(Number(stats.transferCost)),
    modelError: settings.model.name === 'calibrated' ? ratio(stats.errorSquares, zoned(stats.zones)) : null,
  };
  const { closed, unwound, failed, won, lost, realised, drawdown } = stats;
  const open = openNow(desk);
  const event: DataOf<'kpi'> = {
    since: stats.since,
    trips: { open: desk.trips.size, closed, unwound, failed, won, lost },
    realised: { amount: realised, currency },
    unrealised: mark === null ? null : { amount: mark, currency },
    drawdown: { amount: drawdown, currency },
    numbers,
    ...(open.length === 0 ? {} : { open }),
    ...(desk.kept.length === 0 ? {} : { kept: keptNow(desk, context.now) }),
  };
  const { model } = settings;
  if (model.name !== 'calibrated') context.emit('kpi', [], event);
  else {
    const zones = stats.zones.map(([index, orders, predicted, seen]) => ({
      zone: zoneName(model.calibration, index),
      predicted,
      seen: rounded(seen / orders),
      orders,
    }));
    context.emit('kpi', [], { ...event, zones });
  }
}

/** Those that hold something; the rest is on its way in, or out and told at its end. */
function openNow(desk: Desk): NonNullable<DataOf<'kpi'>['open']> {
  const open: NonNullable<DataOf<'kpi'>['open']>[number][] = [];
  for (const { id, coin, route, quantity, enteredAt, phase } of desk.trips.values()) {
    if (Number(quantity) === 0) continue;
    open.push({ trip: id, coin, state: phase?.kind === 'exit' ? 'CLOSING' : 'OPEN', route, quantity, since: enteredAt });
    if (open.length >= MOST_OPEN) break;
  }
  return open;
}

function zoned(zones: Desk['stats']['zones']): number {
  return zones.reduce((sum, [, orders]) => sum + orders, 0);
}
