import type { KeptFault, RestRequest, RestResponse } from '@arb/venues';
import type { VenueCounters } from '@arb/venues/shell';

/** A venue, wherever it is: behind sockets or in files. */
export interface VenueConnection {
  watch(codes: readonly string[]): void;
  /** Status 0 where no answer can be had. */
  ask(request: RestRequest, answered: (response: RestResponse) => void): void;
  open(): boolean;
  /** Ms for which the venue takes no requests from this address. */
  barredMs(): number;
  counters(): VenueCounters;
  faults(): readonly KeptFault[];
  close(): void;
}
