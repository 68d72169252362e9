import { table } from '../table.ts';
import type { Campaign, CampaignOutcome, CampaignRow } from './campaign.ts';
import { percent } from './expectation.ts';
import { REASONS, type Reason } from './loss.ts';

const HEAD = ['coins', 'books', 'entries', 'exits', 'unwound', 'win rate', 'PnL', 'fees', 'drawdown', 'trips that lost, and why'];

/** A campaign for a person: how it went, what the losers died of, and what was expected of it. */
export function linesOf({ name, says }: Campaign, seed: string, hours: number, { rows, expectations }: CampaignOutcome): string[] {
  const lost = new Set(rows.flatMap(({ lossesBy }) => Object.keys(lossesBy) as Reason[]));
  return [
    `${name}: ${says} (seed ${seed}, ${Math.round(hours * 100) / 100} h)`,
    ...table(HEAD, rows.map(cellsOf)).map(indented),
    ...[...lost].map((reason) => `  ${reason}: ${REASONS[reason]}`),
    ...table(
      ['', 'what', 'expected', 'found'],
      expectations.map(({ what, expected, found, holds }) => [holds ? 'ok' : 'FAILS', what, expected, found]),
    )
      .slice(1)
      .map(indented),
    '',
  ];
}

function cellsOf({ what, books, all, lossesBy }: CampaignRow): (string | number)[] {
  const { entries, exits, unwound, winRate, pnl, fees, drawdown } = all;
  const losses = Object.entries(lossesBy)
    .map(([reason, { trips, amount }]) => `${trips} ${reason} ${short(amount)}`)
    .join(', ');
  return [
    what,
    books,
    entries,
    exits,
    unwound,
    winRate === null ? '-' : percent(winRate),
    short(pnl),
    short(fees),
    short(drawdown),
    losses,
  ];
}

function short(amount: string): string {
  return Number(amount).toFixed(2);
}

function indented(line: string): string {
  return `  ${line}`;
}
