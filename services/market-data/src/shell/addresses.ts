import type { VenueAdapter, VenueKey } from '@arb/venues';
import type { VenueAddresses } from '@arb/venues/shell';

/** The venue's own hosts. */
export function liveAddresses({ connection }: VenueAdapter): VenueAddresses {
  return { socket: connection.url, rest: ({ host, path }) => host + path };
}

/** What every simulated venue knows: it is no secret, and a real key never goes there. */
export const SIMULATED_KEY: VenueKey = { access: 'simulated', secret: 'simulated' };

/** At `<base>/<venue>`, followed by the venue's own paths. */
export function simulatedAddresses({ venue, connection }: VenueAdapter, base: string): VenueAddresses {
  const root = `${base.replace(/\/+$/, '')}/${venue}`;
  const { pathname, search } = new URL(connection.url);
  return {
    socket: root.replace(/^http/, 'ws') + pathname + search,
    rest: ({ path }) => root.replace(/^ws/, 'http') + path,
  };
}

export function simulatedBank(base: string): string {
  return `${base.replace(/\/+$/, '').replace(/^ws/, 'http')}/bank/live?access_key=simulated&source=USD&currencies=KRW`;
}
