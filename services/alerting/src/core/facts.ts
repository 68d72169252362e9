import { type AnyEvent, CORE_SERVICES, type DataOf } from '@arb/shared/contracts';
import type { Plain } from '@arb/shared/core';
import type { MoneyText } from '@arb/shared/money';
import { spell } from './trouble.ts';

/** What a rule looks at: an event, or one entry of a list in it, as plain fields. */
export interface Fact {
  readonly on: string;
  readonly fields: Readonly<Record<string, Plain | undefined>>;
}

/** One event's facts, and the kinds of list that it says whole: what is not in them any more is over. */
export interface Facts {
  readonly facts: readonly Fact[];
  readonly lists: readonly { readonly on: string; readonly within: Readonly<Record<string, Plain>> }[];
}

/** Of each venue: its counters when they were last said; of each core: its last snapshot, and since when. */
export type Counters = Map<string, Readonly<Record<string, number>>>;
/** As many venues as a session may name, some that come and go, and the cores. */
const MOST_COUNTED = 64;

const NO_LISTS: Facts['lists'] = [];
const NOTHING: Facts = { facts: [], lists: NO_LISTS };

export interface FactContext {
  readonly now: number;
  readonly session: string;
  readonly counters: Counters;
  /** `risk.maxExposure` of the session, where it is a number. */
  readonly maxExposure: number | null;
  /** Of the limits of risk. */
  readonly currency: string | null;
}

export function factsOf(event: AnyEvent, context: FactContext): Facts {
  switch (event.type) {
    case 'clock': {
      const { fill, committedAt } = event.data;
      return one('clock', { fill, lagMs: committedAt === null ? null : Math.max(0, Math.round((context.now - committedAt) / 1000)) });
    }
    case 'service.heartbeat': {
      const { lagMs, lagPositions, unconfirmed, ready, rssMb, trouble, snapshot } = event.data;
      const service = lastWord(event.subject);
      const snapshotAge = snapshotAgeOf(service, snapshot, context);
      return one('service', { service, snapshotAge, lagMs, lagPositions, unconfirmed, ready, leaving: false, rssMb, trouble });
    }
    case 'service.stopping':
      return one('service', { service: lastWord(event.subject), leaving: true });
    case 'service.started':
      return one('service.started', { service: lastWord(event.subject), version: event.data.version, replica: event.data.replica });
    case 'lease': {
      const { service, act, boot, term } = event.data;
      return one('lease', { service, act, boot, term });
    }
    case 'command': {
      const { by, why, target } = event.data;
      return one('command', { what: lastWord(event.subject), by, why, target: target ?? 'everything' });
    }
    case 'quarantine': {
      const { subject, reason, length } = event.data;
      return one('quarantine', { subject, reason, length });
    }
    case 'session.started': {
      const { mode, parent } = event.data;
      return one('session.started', {
        session: context.session,
        mode,
        reason: parent?.reason ?? null,
        parent: parent?.session ?? null,
        lost: parent?.lost?.from ?? null,
      });
    }
    case 'session.resumed':
      return one('session.resumed', { term: event.data.term });
    case 'session.stopping':
      return one('session.stopping', { reason: event.data.reason });
    case 'fx':
      return factsOfRate(event.data);
    case 'health':
      return factsOfHealth(event.data, context.counters);
    case 'universe':
      return one('universe', { coins: event.data.coins.length, mode: event.data.mode, why: event.data.why });
    case 'decision': {
      const { coin, kind, rule, limit, value, why, edgeBps } = event.data;
      return one('decision', { coin, kind, rule, limit, value, why, edgeBps });
    }
    case 'verdict': {
      const { coin, outcome, tier, rule, firstRule, limit, value } = event.data;
      return one('verdict', { coin, outcome, tier, rule, firstRule, limit, value, currency: context.currency });
    }
    case 'guard':
      return factsOfGuard(event.data, context);
    case 'order': {
      const { venue, symbol, side, state, reason, order, trip, quantity, limit } = event.data;
      const [base = symbol, quote = null] = symbol.split('-');
      return one('order', { venue, symbol, side, state, reason, order, trip, quantity, limit, base, quote });
    }
    case 'position': {
      const { coin, trip, state, why, pnl, route, log } = event.data;
      return one('position', {
        coin,
        trip,
        state,
        why,
        pnl: pnl === null ? null : Number(pnl.amount),
        pnlMoney: moneyText(pnl),
        notionalMoney: moneyText(log?.notional ?? null),
        buy: route?.buy ?? null,
        sell: route?.sell ?? null,
        kept: keptOf(event.data),
      });
    }
    case 'alert.queue': {
      const { store, waiting, dead, why, broken } = event.data;
      return {
        facts: [
          { on: 'queue', fields: { store, waiting, dead, why } },
          ...broken.map(({ channel, why }) => ({ on: 'queue.channel', fields: { channel, why } })),
        ],
        lists: [{ on: 'queue.channel', within: {} }],
      };
    }
    default:
      return NOTHING;
  }
}

/** Seconds since a service last kept a snapshot, as far as its heartbeats say; null where it keeps none. */
function snapshotAgeOf(service: string, snapshot: number | null, { now, counters }: FactContext): number | null {
  if (!(CORE_SERVICES as readonly string[]).includes(service)) return null;
  const key = `snapshot ${service}`;
  const known = counters.get(key);
  if (known !== undefined && known.snapshot === (snapshot ?? 0)) return Math.max(0, Math.round((now - (known.since ?? now)) / 1_000_000));
  if (known !== undefined || counters.size < MOST_COUNTED) counters.set(key, { snapshot: snapshot ?? 0, since: now });
  return 0;
}

/** Of the log line that a round trip ends with; executors that write none have kept nothing. */
function keptOf(position: DataOf<'position'> & { readonly log?: { readonly kept?: string } }): number | null {
  return position.log?.kept === undefined ? null : Number(position.log.kept);
}

/** An amount is nothing without its currency: `-1.25 USDT`. */
function moneyText(money: MoneyText | null): string | null {
  return money === null ? null : `${money.amount} ${money.currency}`;
}

function one(on: string, fields: Fact['fields']): Facts {
  return { facts: [{ on, fields }], lists: NO_LISTS };
}

function lastWord(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

function factsOfRate({ pair, rate, tier, sources }: DataOf<'fx'>): Facts {
  const used = sources.filter((source) => source.used).length;
  return {
    facts: [
      { on: 'fx', fields: { pair, rate, tier, sources: sources.length, used } },
      ...sources.map((source) => ({
        on: 'fx.source',
        fields: {
          pair,
          source: source.source,
          rate: source.rate,
          ageMs: Math.round(source.ageMs),
          used: source.used,
          dropped: source.dropped ?? null,
          offBps: Math.round(Math.abs(source.rate / rate - 1) * 10_000),
        },
      })),
    ],
    lists: [{ on: 'fx.source', within: { pair } }],
  };
}

function factsOfHealth(health: DataOf<'health'>, known: Counters): Facts {
  const { venue, state, why, latencyMs, reconnects, conflated, suspended, warned = [], counters = {} } = health;
  const now: Record<string, number> = { ...counters, reconnects, conflated };
  const before = known.get(venue);
  if (before !== undefined || known.size < MOST_COUNTED) known.set(venue, now);
  const fields: Record<string, Plain> = {
    venue,
    state,
    why,
    latencyMs: latencyMs === null ? null : Math.round(latencyMs),
    reconnects,
    conflated,
    suspended: suspended.length,
    warned: warned.length,
  };
  for (const name of Object.keys(counters)) fields[`counters.${name}`] = counters[name] as number;
  // A counter that has gone back belongs to another process: it has grown by all that it says.
  if (before !== undefined)
    for (const name of Object.keys(now)) {
      const was = before[name] ?? 0;
      fields[`more.${name}`] = (now[name] as number) >= was ? (now[name] as number) - was : (now[name] as number);
    }
  return {
    facts: [
      { on: 'health', fields },
      ...suspended.map((coin) => ({ on: 'health.suspended', fields: { venue, coin } })),
      ...warned.map(({ coin, what }) => ({ on: 'health.warned', fields: { venue, coin, what } })),
    ],
    lists: [
      { on: 'health.suspended', within: { venue } },
      { on: 'health.warned', within: { venue } },
    ],
  };
}

function lastsOf(until: number | null, now: number): string {
  return until === null ? 'until somebody lets it go on' : `for ${spell(until - now)}`;
}

function factsOfGuard(guard: DataOf<'guard'>, { maxExposure, now }: FactContext): Facts {
  const { mode, rule, why, exposure, dailyPnl, equity, drawdown, closed, numbers } = guard;
  const amount = Number(exposure.amount);
  const fields: Record<string, Plain> = {
    mode,
    rule,
    why,
    exposure: amount,
    share: maxExposure === null || maxExposure <= 0 ? null : amount / maxExposure,
    dailyPnl: Number(dailyPnl.amount),
    equity: Number(equity.amount),
    drawdown: Number(drawdown.amount),
    exposureMoney: moneyText(exposure),
    dailyPnlMoney: moneyText(dailyPnl),
    equityMoney: moneyText(equity),
    drawdownMoney: moneyText(drawdown),
    closed: closed.length,
  };
  for (const name of Object.keys(numbers)) fields[`numbers.${name}`] = numbers[name] as number | null;
  return {
    facts: [
      { on: 'guard', fields },
      ...closed.map((breaker) => ({
        on: 'guard.closed',
        fields: { what: breaker.what, rule: breaker.rule, lasts: lastsOf(breaker.until, now) },
      })),
    ],
    lists: [{ on: 'guard.closed', within: {} }],
  };
}
