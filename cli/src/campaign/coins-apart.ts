import { PROFILES, type ProfileName } from '@arb/simulator/events';
import { type CampaignOptions, type CampaignOutcome, type Market, type Played, playMarket } from './campaign.ts';
import { always, type Expectation, none, winRateBetween } from './expectation.ts';
import type { Results } from './results.ts';

/**
 * What coins share: the portfolio's and the venues' limits on losses and exposure, which are out of reach here, and the
 * money at each venue, which is enough. Where one of these rules speaks after all, the coins are not apart.
 */
const APART: Market['risk'] = {
  maxVenueDailyLoss: '1000000',
  maxDailyLoss: '1000000',
  maxDrawdown: '1000000',
  emergencyStop: '1000000',
  maxLossesInRow: 1000,
  maxDirectionalBias: 1,
  maxCashImbalance: 1,
};
const SHARED = [
  ...['mode', 'open-trips', 'rank', 'inventory-quote', 'total-exposure', 'venue-exposure', 'pair-exposure', 'venue-closed'],
  ...['venue-daily-loss', 'cash-imbalance', 'directional-bias', 'daily-loss', 'drawdown', 'emergency-stop', 'losses-in-row', 'allocation'],
  ...['stream-full', 'journal-lag', 'stale-fx'],
];

/**
 * Two coins together, and each by itself on the same market: the same trips with the same results, one by one. Answers take
 * no time here but for the way of orders to their venues: a busy stream would shift a coin's events by those of the other.
 */
export async function coinsApart(
  profile: ProfileName,
  coins: readonly string[],
  rates: readonly (readonly [number, number])[],
  booksPerSecond: number,
  options: CampaignOptions,
): Promise<CampaignOutcome> {
  const shared = { booksPerSecond, undisturbed: true, ...(APART === undefined ? {} : { risk: APART }) };
  const together = await playMarket({ coins, profile, ...shared }, options);
  const expectations: Expectation[] = [];
  const rows = [];
  for (const [place, coin] of coins.entries()) {
    const { tempers, ...rest } = PROFILES[profile];
    const own = { ...rest, tempers: [tempers[place % tempers.length] as (typeof tempers)[number]] };
    const alone = await playMarket({ coins: [coin], profile: own, ...shared }, options);
    const [least, most] = rates[place] as readonly [number, number];
    expectations.push(winRateBetween(`win rate of ${coin}`, alone.results.all, least, most));
    expectations.push(sameResults(coin, alone.results, together.results));
    rows.push({ what: coin, ...alone.results });
  }
  expectations.push(none('rules that coins share and that spoke against an entry', sharedRules(together)));
  expectations.push(...always(together.results, together.audit));
  return { rows: [{ what: coins.join(' + '), ...together.results }, ...rows], expectations };
}

function sameResults(coin: string, alone: Results, together: Results): Expectation {
  const what = `${coin} beside the other coin: entries, exits, wins, losses, PnL, and each trip's result`;
  const tell = (results: Results): string => {
    const tally = results.byCoin[coin];
    if (tally === undefined) return 'no trips';
    return `${tally.entries}, ${tally.exits}, ${tally.won}, ${tally.lost}, ${tally.pnl}`;
  };
  const found = together.trips[coin] ?? [];
  const expected = alone.trips[coin] ?? [];
  const differs = expected.findIndex((result, i) => result !== found[i]);
  const same = tell(alone) === tell(together) && differs < 0 && expected.length === found.length;
  return {
    what,
    expected: tell(alone),
    found: differs < 0 ? tell(together) : `${tell(together)}; trip ${differs + 1} differs`,
    holds: same,
  };
}

function sharedRules({ results, skippedBy }: Played): string[] {
  const spoke = new Set([...Object.keys(results.refusedBy), ...Object.keys(skippedBy)]);
  return [...spoke].filter((rule) => SHARED.includes(rule) || rule.startsWith('mode-'));
}
