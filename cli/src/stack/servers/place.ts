import type { FoundServers } from '../../../../bootstrap/servers.mjs';
import type { Home } from '../home.ts';
import type { Ports } from '../ports.ts';
import type { Secrets } from '../secrets.ts';

/** What every server is made from. */
export interface ServerPlace {
  readonly home: Home;
  readonly found: FoundServers;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly say: (line: string) => void;
}
