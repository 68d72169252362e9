import type { AnyEvent, DataOf } from '@arb/shared/contracts';
import type { KeptLeg, OpenTrip, Standing } from '../../core/standing.ts';
import type { Trouble } from '../../core/trouble.ts';
import { escapeHtml, timeOf } from '../message.ts';

/** Round trips, services and alerts that an answer names. */
const MOST_SHOWN = 20;
/** Legs that are kept of round trips that are over. */
const MOST_KEPT_SHOWN = 5;
/** Of a line: all that are shown fit into one message. */
const MOST_LINE = 150;
/** Of a key in an answer: all that are shown fit into one message. */
const MOST_KEY = 100;

/** What trading stands at is the core's to know; this adds the clock and who is well. Enough to answer people, never to decide. */
export class Picture {
  private readonly services = new Map<string, { readonly at: number; readonly trouble: string | null }>();
  private clock: DataOf<'clock'> | null = null;
  private at = 0;

  take(event: AnyEvent): void {
    if (event.type === 'clock') {
      this.clock = event.data;
      this.at = event.at;
    } else if (event.type === 'service.heartbeat')
      this.services.set(event.subject.slice('service.'.length), { at: event.at, trouble: event.data.trouble });
  }

  status(session: string, { guard, trips, unlisted, kept }: Standing, open: readonly Trouble[]): string {
    const { clock } = this;
    const late = [...this.services].filter(([, { at, trouble }]) => this.at - at > 5_000_000 || trouble !== null).map(([name]) => name);
    const worst = [...open].sort((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : 0));
    const more = open.length - MOST_SHOWN;
    return [
      `<b>${escapeHtml(session)}</b>, ${timeOf(this.at)}`,
      guard === null
        ? 'risk has not said yet how free trading is'
        : `${guard.mode}: ${escapeHtml(guard.why)}\nexposure ${money(guard.exposure)}, today ${money(guard.dailyPnl)}, equity ${money(guard.equity)}`,
      `${unlisted ? 'more than ' : ''}${trips.size} round trips are open`,
      ...(kept.size === 0 ? [] : [`${kept.size} that are over keep a leg: /positions`]),
      clock === null ? 'no clock yet' : `stream ${Math.round(clock.fill * 100)} % full, journaled up to ${clock.committed}`,
      late.length === 0 ? `${this.services.size} services are well` : `in trouble: ${late.join(', ')}`,
      open.length === 0
        ? 'no alert is open'
        : `open: ${worst.slice(0, MOST_SHOWN).map(namedOpen).join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    ].join('\n');
  }

  positions({ trips, unlisted, kept }: Standing): string {
    const open = [...trips.values()].slice(0, MOST_SHOWN).map(({ trip, state, coin, quantity, route, why }) => {
      return line(`${trip} ${state}: ${quantity} ${coin}${wayOf(route)}${why === undefined || why === '' ? '' : `: ${why}`}`);
    });
    const more = trips.size - open.length;
    // The newest first: those are what somebody may still have to deal with.
    const legs = [...kept.values()].reverse().slice(0, MOST_KEPT_SHOWN);
    const older = kept.size - legs.length;
    return [
      ...(open.length === 0 ? ['no round trip is open'] : open),
      ...(more > 0 ? [`and ${unlisted ? 'more than ' : ''}${more} more`] : []),
      ...legs.map(
        (leg) => `<b>${leg.kept.startsWith('-') ? 'LEG OWED' : 'LEG KEPT'}</b> ${line(`${keptText(leg)}${wayOf(leg.route)}: ${leg.why}`)}`,
      ),
      ...(older > 0 ? [`and ${older} older legs`] : []),
    ].join('\n');
  }
}

function keptText({ trip, state, kept, coin, since }: KeptLeg): string {
  return `${kept} ${coin} since ${timeOf(since)}, ${trip} ${state}`;
}

function wayOf(route: OpenTrip['route']): string {
  return route === null ? '' : `, bought at ${route.buy}, sold at ${route.sell}`;
}

function line(text: string): string {
  return escapeHtml(text.length <= MOST_LINE ? text : `${text.slice(0, MOST_LINE - 1)}…`.toWellFormed());
}

function namedOpen({ severity, key, acknowledged }: Trouble): string {
  return escapeHtml(`${severity} ${key.slice(0, MOST_KEY)}${acknowledged ? ' (taken)' : ''}`);
}

function money({ amount, currency }: { readonly amount: string; readonly currency: string }): string {
  return `${amount} ${currency}`;
}
