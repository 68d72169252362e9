import type { AnyEvent, DataOf } from '@arb/shared/contracts';
import { escapeHtml, timeOf } from '../message.ts';

type Position = DataOf<'position'>;

/** Round trips, services and rules that an answer names. */
const MOST_SHOWN = 20;
const MOST_TRIPS = 1_000;

/** What the shell has heard of trading: enough to answer `/status` and `/positions`, never to decide. */
export class Picture {
  private readonly trips = new Map<string, Position>();
  private readonly services = new Map<string, { readonly at: number; readonly trouble: string | null }>();
  private readonly alerts = new Map<string, DataOf<'alert'>>();
  private guard: DataOf<'guard'> | null = null;
  private clock: DataOf<'clock'> | null = null;
  private at = 0;

  take(event: AnyEvent): void {
    if (event.type === 'clock') {
      this.clock = event.data;
      this.at = event.at;
    } else if (event.type === 'guard') this.guard = event.data;
    else if (event.type === 'service.heartbeat')
      this.services.set(event.subject.slice('service.'.length), { at: event.at, trouble: event.data.trouble });
    else if (event.type === 'position') {
      if (event.data.state === 'OPEN' || event.data.state === 'CLOSING') {
        if (this.trips.size < MOST_TRIPS) this.trips.set(event.data.trip, event.data);
      } else this.trips.delete(event.data.trip);
    } else if (event.type === 'alert') {
      if (event.data.state === 'raised' && this.alerts.size < MOST_TRIPS) this.alerts.set(event.data.key, event.data);
      else this.alerts.delete(event.data.key);
    }
  }

  status(session: string): string {
    const { guard, clock } = this;
    const late = [...this.services].filter(([, { at, trouble }]) => this.at - at > 5_000_000 || trouble !== null).map(([name]) => name);
    const open = [...this.alerts.values()];
    return [
      `<b>${escapeHtml(session)}</b>, ${timeOf(this.at)}`,
      guard === null
        ? 'risk has not said yet how free trading is'
        : `${guard.mode}: ${escapeHtml(guard.why.slice(0, 200))}\nexposure ${money(guard.exposure)}, today ${money(guard.dailyPnl)}, equity ${money(guard.equity)}`,
      `${this.trips.size} round trips are open`,
      clock === null ? 'no clock yet' : `stream ${Math.round(clock.fill * 100)} % full, journaled up to ${clock.committed}`,
      late.length === 0 ? `${this.services.size} services are well` : `in trouble: ${late.join(', ')}`,
      open.length === 0
        ? 'no alert is open'
        : `open: ${open
            .slice(0, MOST_SHOWN)
            .map(({ severity, key }) => escapeHtml(`${severity} ${key}`))
            .join(', ')}`,
    ].join('\n');
  }

  positions(): string {
    if (this.trips.size === 0) return 'no round trip is open';
    const rows = [...this.trips.values()].slice(0, MOST_SHOWN).map(({ trip, state, coin, quantity, route, pnl }) => {
      const way = route === null ? '' : `, bought at ${route.buy}, sold at ${route.sell}`;
      return escapeHtml(`${trip} ${state}: ${quantity} ${coin}${way}${pnl === null ? '' : `, ${money(pnl)}`}`);
    });
    const more = this.trips.size - rows.length;
    return [...rows, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  }
}

function money({ amount, currency }: { readonly amount: string; readonly currency: string }): string {
  return `${amount} ${currency}`;
}
