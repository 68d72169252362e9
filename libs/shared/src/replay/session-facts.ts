import { CORE_SERVICES, type DataOf } from '../contracts/index.ts';
import type { Archive, ListedSession, PnlSum, TypeCount } from '../journal/index.ts';
import { iso, NotThere } from './resolve.ts';
import { firstEvent } from './starting.ts';
import { readEvent } from './told-event.ts';

export interface SessionFacts extends ListedSession {
  readonly children: readonly string[];
  /** Why it goes on from its parent. */
  readonly reason: string | null;
  /** The mode it began in. */
  readonly mode: string | null;
  readonly market: string | null;
  readonly keptFrom: number | null;
  /** When its last event was stored; null where that is gone. */
  readonly lastEventAt: string | null;
  readonly headHash: string | null;
  readonly counts: { readonly ledger: readonly TypeCount[]; readonly market: readonly TypeCount[] | null };
  readonly marketEvents: number;
  readonly pnl: readonly PnlSum[];
  /** Legs that round trips left as stock, of parent sessions too, as the executor last said. */
  readonly keptLegs: { readonly currency: string; readonly legs: NonNullable<DataOf<'kpi'>['kept']> } | null;
  /** How many are kept, by service. */
  readonly snapshots: Readonly<Record<string, number>>;
  /** The whole effective configuration, secrets masked. */
  readonly config: unknown;
}

export async function sessionFacts(archive: Archive, id: string): Promise<SessionFacts> {
  const listed = await archive.listed(id);
  if (listed === null) throw new NotThere(`no session ${id} in the journal: "arb sessions" lists them`);
  const first = await firstEvent(archive, id);
  const counts = await archive.counts(listed, listed.head);
  const decided = counts.ledger.reduce((sum, { count }) => sum + count, 0);
  const keptFrom = await archive.keptFrom(id);
  const last = await archive.event(id, listed.head);
  const config = first?.data.config ?? (JSON.parse(await archive.configOf(id)) as unknown);
  const snapshots: Record<string, number> = {};
  for (const service of CORE_SERVICES) snapshots[service] = (await archive.snapshotPositions(id, service)).length;
  const market = (config as { market?: { source?: unknown; coins?: unknown } } | null)?.market;
  return {
    ...listed,
    children: await archive.childrenOf(id),
    reason: first?.data.parent?.reason ?? null,
    mode: first?.data.mode ?? null,
    market:
      typeof market?.source === 'string' ? `${market.source}${Array.isArray(market.coins) ? `, ${market.coins.join(' ')}` : ''}` : null,
    keptFrom,
    lastEventAt: last === null ? null : iso(last.storedAt),
    headHash: (await archive.lastSeal(id))?.head ?? null,
    counts,
    marketEvents: keptFrom === null ? 0 : Math.max(0, listed.head - keptFrom + 1 - decided),
    pnl: await archive.pnl(listed),
    keptLegs: await keptLegs(archive, listed),
    snapshots,
    config,
  };
}

/** Null where the executor has said no key figures yet, or they are gone. */
async function keptLegs(archive: Archive, session: ListedSession): Promise<SessionFacts['keptLegs']> {
  const [said] = await archive.ofType(session, { types: ['kpi'], upTo: session.head, window: session.head, limit: 1 });
  const event = said === undefined ? null : readEvent(said);
  if (event?.type !== 'kpi') return null;
  const { realised, kept } = event.data;
  return { currency: realised.currency, legs: kept ?? [] };
}
