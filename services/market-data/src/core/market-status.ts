import type { DataOf } from '@arb/shared/contracts';

type Warned = NonNullable<DataOf<'health'>['warned']>;
const MOST = 1_000;

export interface Wallet {
  readonly coin: string;
  readonly deposits: boolean;
  readonly withdrawals: boolean;
}

export interface Market {
  readonly coin: string;
  readonly state: 'trading' | 'halted' | 'closing';
  readonly warnings: readonly string[];
}

/** Coins that cannot be brought in, or not out, over any network. */
export function suspendedOf(wallets: readonly Wallet[], watched: ReadonlySet<string>): readonly string[] {
  const coins = new Map<string, { deposits: boolean; withdrawals: boolean }>();
  for (const { coin, deposits, withdrawals } of wallets) {
    if (!watched.has(coin)) continue;
    const ways = coins.get(coin) ?? { deposits: false, withdrawals: false };
    coins.set(coin, { deposits: ways.deposits || deposits, withdrawals: ways.withdrawals || withdrawals });
  }
  const suspended = [...coins].filter(([, { deposits, withdrawals }]) => !(deposits && withdrawals)).map(([coin]) => coin);
  return suspended.sort().slice(0, MOST);
}

/** Coins under a warning, halted, or about to go. */
export function warnedOf(markets: readonly Market[], watched: ReadonlySet<string>): Warned {
  const STATES = { trading: null, halted: 'trading is halted', closing: 'orders can only be cancelled' } as const;
  return markets
    .filter(({ coin }) => watched.has(coin))
    .flatMap(({ coin, state, warnings }) => {
      const what = [...warnings, ...(STATES[state] === null ? [] : [STATES[state]])].join(', ').slice(0, 200);
      return what === '' ? [] : [{ coin, what }];
    })
    .sort((a, b) => (a.coin < b.coin ? -1 : 1))
    .slice(0, MOST);
}
