import { COIN, VENUE } from '../contracts/events.ts';
import type { AnyEvent } from '../contracts/index.ts';
import type { Archive } from '../journal/index.ts';
import type { SessionRow } from '../runtime/index.ts';
import { NotAnEvent } from './event-ref.ts';
import { NotThere } from './resolve.ts';
import { readEvent } from './told-event.ts';

/** A coin, a route (buy here, sell there), or both. */
export interface RouteRef {
  readonly coin: string | null;
  readonly buy: string | null;
  readonly sell: string | null;
}

export interface Refusal {
  readonly position: number;
  readonly coin: string;
  readonly route: { readonly buy: string; readonly sell: string } | null;
  /** Who refused: the strategy would not ask, or the risk would not let it. */
  readonly by: 'strategy' | 'risk';
  readonly rule: string;
  readonly tier: string | null;
  readonly value: number | null;
  readonly limit: number | null;
  /** What was missing to pass, in the rule's own unit: above 0 the value was too small, below 0 too great. */
  readonly missing: number | null;
  readonly missingPercent: number | null;
  readonly why: string;
  readonly storedAt: number;
  /** Before (−) or after the time asked for. */
  readonly offMs: number;
  readonly numbers: Readonly<Record<string, number | null>>;
}

export interface WhyNot {
  readonly session: string;
  readonly asked: RouteRef;
  readonly position: number;
  /** The nearest refusal by each rule, nearest first. */
  readonly rules: readonly Refusal[];
  /** What was decided and let through nearest to that time. */
  readonly entered: { readonly position: number; readonly trip: string | null; readonly offMs: number; readonly why: string } | null;
  readonly lookedAt: number;
  /** The coins that were traded then; null where the record does not say. */
  readonly traded: readonly string[] | null;
}

const WINDOW = 200_000;
const LIMIT = 400;

/** `BTC`, `BTC:binance>upbit` as commands spell it, or with a `-` where a shell would take the `>`, or without the coin. */
export function parseRoute(text: string): RouteRef {
  const [left, right] = text.includes(':') ? (text.split(':', 2) as [string, string]) : [text, null];
  const legs = right ?? (/[->]/.test(left) ? left : null);
  const coin = right === null && legs !== null ? null : left.toUpperCase();
  const [buy = null, sell = null, ...rest] = legs === null ? [] : legs.toLowerCase().split(/[->]/);
  const wrong =
    rest.length > 0 ||
    (coin !== null && !COIN.test(coin)) ||
    (legs !== null && (buy === null || sell === null || !VENUE.test(buy) || !VENUE.test(sell)));
  if (wrong)
    throw new NotAnEvent(
      `"${text}" is neither a coin nor a route: expected BTC, BTC:binance-upbit (buy there, sell there) or binance-upbit`,
    );
  return { coin, buy, sell };
}

/** A route over a venue that the session does not know was never looked at: nothing in the record can say why not. */
export function requireVenues({ buy, sell }: RouteRef, session: string, config: string): void {
  const { market } = JSON.parse(config) as { readonly market?: { readonly venues?: readonly { readonly name: string }[] } };
  const known = market?.venues?.map(({ name }) => name);
  const other = [buy, sell].find((venue) => venue !== null && known !== undefined && !known.includes(venue));
  if (other !== undefined)
    throw new NotThere(
      `${session} trades on ${known?.join(', ')}, not on ${other}: ask of a coin, such as BTC, or of a route, such as BTC:${known?.[0]}-${known?.[1] ?? known?.[0]}`,
    );
}

/** Why a coin or route was not traded at a time: the nearest refusals in the record, rule by rule. */
export async function whyNot(archive: Archive, session: SessionRow, asked: RouteRef, position: number): Promise<WhyNot> {
  requireVenues(asked, session.id, await archive.configOf(session.id));
  const at = (await archive.event(session.id, position))?.storedAt ?? 0;
  const ask = { types: ['decision', 'verdict'], window: WINDOW, limit: LIMIT };
  const sides = await Promise.all(
    (asked.coin === null ? [undefined] : [`decision.${asked.coin}`, `verdict.${asked.coin}`]).flatMap((subject) => {
      const on = subject === undefined ? ask : { ...ask, subject, types: [subject.split('.')[0] as string] };
      return [archive.ofType(session, { ...on, upTo: position }), archive.ofType(session, { ...on, from: position + 1 })];
    }),
  );
  const found = sides.flat().flatMap((row) => {
    const event = readEvent(row);
    return event === null ? [] : [{ event, storedAt: row.storedAt, offMs: (row.storedAt - at) / 1_000 }];
  });
  found.sort((a, b) => Math.abs(a.offMs) - Math.abs(b.offMs) || a.event.position - b.event.position);
  const decisions = new Map(found.filter(({ event }) => event.type === 'decision').map(({ event }) => [event.position, event]));
  const rules = new Map<string, Refusal>();
  let entered: WhyNot['entered'] = null;
  for (const { event, storedAt, offMs } of found) {
    const refusal = refusalOf(event, storedAt, offMs);
    const key = refusal === null ? '' : `${refusal.by} ${refusal.rule} ${refusal.coin}`;
    if (rules.has(key)) continue;
    // A verdict names no route: the decision it answers does.
    const decided = refusal?.by === 'risk' ? await decisionOf(event) : event;
    if (!onRoute(decided, asked)) continue;
    if (refusal !== null) rules.set(key, refusal.by === 'risk' ? { ...refusal, route: routeOf(decided) } : refusal);
    else if (event.type === 'decision' && event.data.kind === 'enter')
      entered ??= { position: event.position, trip: event.data.trip, offMs, why: event.data.why };
  }
  const traded = await tradedAt(archive, session, position);
  return { session: session.id, asked, position, rules: [...rules.values()].slice(0, 50), entered, lookedAt: found.length, traded };

  /** It may stand further away than what was looked through. */
  async function decisionOf(verdict: AnyEvent): Promise<AnyEvent | null> {
    const cause = Number(verdict.cause);
    const known = decisions.get(cause);
    if (known !== undefined || !Number.isSafeInteger(cause)) return known ?? null;
    const row = await archive.event(session.id, cause);
    return row === null ? null : readEvent(row);
  }
}

async function tradedAt(archive: Archive, session: SessionRow, position: number): Promise<readonly string[] | null> {
  const [last] = await archive.ofType(session, { types: ['universe'], upTo: position, window: position, limit: 1 });
  const event = last === undefined ? null : readEvent(last);
  return event?.type === 'universe' ? event.data.coins : null;
}

function routeOf(event: AnyEvent | null): Refusal['route'] {
  return event?.type === 'decision' ? event.data.route : null;
}

function onRoute(event: AnyEvent | null, { buy, sell }: RouteRef): boolean {
  if (buy === null) return true;
  if (event?.type !== 'decision') return false;
  const { route } = event.data;
  // A refusal before any route was found concerns all of them.
  return route === null || (route.buy === buy && route.sell === sell);
}

function refusalOf(event: AnyEvent, storedAt: number, offMs: number): Refusal | null {
  if (event.type === 'decision') {
    const { kind, coin, route, rule, value, limit, why, numbers } = event.data;
    if (kind !== 'skipped') return null;
    const common = { position: event.position, coin, route, by: 'strategy' as const, rule: rule ?? 'none', tier: null, value, limit };
    return { ...common, ...missingOf(value, limit), why, storedAt, offMs, numbers };
  }
  if (event.type !== 'verdict' || event.data.outcome === 'ALLOW') return null;
  const { coin, rule, tier, value, limit, numbers, outcome } = event.data;
  const common = { position: event.position, coin, route: null, by: 'risk' as const, rule: rule ?? 'none', tier, value, limit };
  return { ...common, ...missingOf(value, limit), why: outcome, storedAt, offMs, numbers };
}

function missingOf(
  value: number | null,
  limit: number | null,
): { readonly missing: number | null; readonly missingPercent: number | null } {
  if (value === null || limit === null) return { missing: null, missingPercent: null };
  const missing = limit - value;
  return { missing, missingPercent: limit === 0 ? null : Math.abs(missing / limit) * 100 };
}
