import type { VenueAdapter } from '@arb/venues';
import type { VenueAddresses } from '@arb/venues/shell';

/** The venue's own hosts. What is signed needs a key, and there is none here: no wallet status then. */
export function liveAddresses({ connection }: VenueAdapter): VenueAddresses {
  return { socket: connection.url, rest: ({ host, path, signed }) => (signed ? null : host + path) };
}

/** At `<base>/<venue>`, followed by the venue's own paths; signatures are not looked at there. */
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
