import { createHash, type Hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SessionConfig } from '@arb/shared/core';
import type { ProfileName } from '@arb/simulator/events';
import { runSession } from './run-session.ts';

/** What a session was made of and what it said, core by core. */
export interface GoldenHashes {
  readonly outside: string;
  readonly cores: Readonly<Record<string, { readonly events: number; readonly sha256: string }>>;
}

interface GoldenSession {
  readonly name: string;
  readonly profile: ProfileName;
  readonly coins: readonly string[];
  readonly booksPerSecond: number;
  readonly seconds: number;
}

/** By its seed: each long enough for entries, exits, refusals and a leg that is taken back. */
const GOLDEN: readonly GoldenSession[] = [
  { name: 'lively-1', profile: 'lively', coins: ['BTC', 'ETH', 'XRP'], booksPerSecond: 60, seconds: 90 },
  { name: 'mixed-2', profile: 'P2', coins: ['BTC', 'ETH', 'XRP', 'SOL'], booksPerSecond: 16, seconds: 300 },
  { name: 'adverse-3', profile: 'C3', coins: ['BTC'], booksPerSecond: 4, seconds: 900 },
];
const FILE = fileURLToPath(new URL('../../golden/sessions.json', import.meta.url));

export function recordedHashes(): Readonly<Record<string, GoldenHashes>> {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, GoldenHashes>;
}

export function recordHashes(hashes: Readonly<Record<string, GoldenHashes>>): void {
  writeFileSync(FILE, `${JSON.stringify(hashes, null, 2)}\n`);
}

/** Runs every golden session. `encoded` false: the same bytes, made after the fact from objects that were never encoded. */
export async function runGolden(config: SessionConfig, encoded = true): Promise<Record<string, GoldenHashes>> {
  const found: Record<string, GoldenHashes> = {};
  for (const { name, profile, coins, booksPerSecond, seconds } of GOLDEN) {
    const seed = name.slice(name.lastIndexOf('-') + 1);
    const outside = createHash('sha256');
    const cores = new Map<string, { events: number; hash: Hash }>();
    await runSession({
      config: { ...config, market: { ...config.market, coins, booksPerSecond, seed } },
      profile,
      seconds,
      encoded,
      seen(event, bytes) {
        if (event.cause === null) {
          // The whole configuration is the first event: it is not the market.
          if (event.type !== 'session.started') outside.update(`${event.subject} ${event.at} ${JSON.stringify(event.data)}\n`);
          return;
        }
        const core = cores.get(event.source) ?? { events: 0, hash: createHash('sha256') };
        cores.set(event.source, core);
        core.events++;
        core.hash.update(`${event.subject}\n`);
        core.hash.update(bytes ?? textOf(event));
      },
    });
    found[name] = {
      outside: outside.digest('hex'),
      cores: Object.fromEntries(
        [...cores].sort(([a], [b]) => (a < b ? -1 : 1)).map(([core, { events, hash }]) => [core, { events, sha256: hash.digest('hex') }]),
      ),
    };
  }
  return found;
}

function textOf(event: Parameters<NonNullable<Parameters<typeof runSession>[0]['seen']>>[0]): string {
  const { n, source, session, type, v, at, cause, basis, data } = event;
  return JSON.stringify({ n, source, session, type, v, at, cause, ...(basis === undefined ? {} : { basis }), data });
}

/** In words, one line for each session that is not as recorded; where the market itself is another, so are the answers to it. */
export function goldenDifferences(
  found: Readonly<Record<string, GoldenHashes>>,
  recorded: Readonly<Record<string, GoldenHashes>>,
): string[] {
  return [...new Set([...Object.keys(found), ...Object.keys(recorded)])].flatMap((name) => {
    const [is, was] = [found[name], recorded[name]];
    if (is === undefined) return [`${name} is recorded and no longer run`];
    if (was === undefined) return [`${name} is not recorded yet`];
    const changed = Object.keys({ ...is.cores, ...was.cores }).filter(
      (core) => is.cores[core]?.sha256 !== was.cores[core]?.sha256 || is.cores[core]?.events !== was.cores[core]?.events,
    );
    if (is.outside !== was.outside) return [`${name}: the simulated market says something else than when it was recorded`];
    return changed.length === 0
      ? []
      : [`${name}: ${changed.join(', ')} ${changed.length === 1 ? 'says' : 'say'} something else than recorded`];
  });
}
