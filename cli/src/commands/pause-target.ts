import pg from 'pg';
import { liveSession, runningStack } from '../alerts/tell-stack.ts';

export interface Traded {
  readonly coins: readonly string[];
  /** Other coins may be traded later: those cannot be told from mistakes. */
  readonly mayChange: boolean;
  readonly venues: readonly string[];
}

/** What the present session trades. A pause of anything else would hold nothing back, and say that it was good. */
export async function tradedNow(): Promise<Traded> {
  const client = new pg.Client({ connectionString: runningStack().postgres, connectionTimeoutMillis: 10_000, statement_timeout: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{
      config: { readonly market: { readonly venues: readonly { readonly name: string }[] } };
      universe: Said | null;
    }>(
      `SELECT body->'data'->'config' AS config,
         (SELECT body->'data' FROM events_ledger u WHERE u.session_number = e.session_number AND type = 'universe' AND taken
          ORDER BY position DESC LIMIT 1) AS universe
       FROM events_ledger e WHERE session_number = (SELECT number FROM sessions WHERE id = $1) AND type = 'session.started' AND position = 1`,
      [await liveSession(client)],
    );
    const [found] = rows;
    if (found === undefined) throw new Error('the session has not begun yet: try again in a moment');
    const { config, universe } = found;
    return {
      coins: universe?.coins ?? [],
      mayChange: universe?.mode !== 'FIXED_LIST',
      venues: config.market.venues.map(({ name }) => name),
    };
  } finally {
    await client.end();
  }
}

interface Said {
  readonly coins: readonly string[];
  readonly mode: string;
}

/** Why a pause of it would hold nothing back; null for a coin, a venue or a route that is traded. */
export function faultOfTarget(target: string, { coins, mayChange, venues }: Traded): string | null {
  if (venues.includes(target)) return null;
  const [coin = '', route] = target.split(':');
  if (!coins.includes(coin) && !(mayChange && /^[A-Z0-9]+$/.test(coin)))
    return `${target} is not traded here: a coin is one of ${coins.join(', ')}; a venue one of ${venues.join(', ')}; a route such as ${coins[0] ?? 'BTC'}:${venues.join('>')}`;
  if (route === undefined) return null;
  const ends = route.split('>');
  if (ends.length === 2 && ends.every((venue) => venues.includes(venue))) return null;
  return `${target} is no route here: expected ${coin}:BUY>SELL with two of ${venues.join(', ')}, such as ${coin}:${venues.slice(0, 2).join('>')}`;
}
