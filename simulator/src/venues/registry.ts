import type { VenueProtocol } from '../server/venue.ts';
import { bank } from './bank/index.ts';
import { binance } from './binance/index.ts';
import { upbit } from './upbit/index.ts';

/** Every protocol that is spoken here: a folder, and its line. */
const ALL: readonly VenueProtocol[] = [upbit, binance, bank];

export const PROTOCOLS: ReadonlyMap<string, VenueProtocol> = new Map(ALL.map((protocol) => [protocol.name, protocol]));
