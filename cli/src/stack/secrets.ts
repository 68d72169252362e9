import { randomBytes } from 'node:crypto';
import { SERVICES, type Writer } from '@arb/shared/contracts';
import { readIfThere, replaceFile } from './file.ts';
import type { Home } from './home.ts';

/** Made once for a data folder and kept in a file that only its owner may read. */
export interface Secrets {
  /** Names this data folder for what has to be kept outside of it. */
  readonly id: string;
  readonly postgres: string;
  readonly redis: string;
  readonly nats: Readonly<Record<Writer, string>>;
}

const WRITERS: readonly Writer[] = [...SERVICES, 'cli'];

/** Letters and digits only: the same text in an address, a configuration file and a shell. */
function password(): string {
  return randomBytes(24).toString('hex');
}

export function readSecrets(home: Home): Secrets | null {
  const text = readIfThere(home.secrets);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Secrets;
  } catch (cause) {
    throw new Error(`${home.secrets} is not readable as JSON: put it back from a backup, or remove it to have new passwords made`, {
      cause,
    });
  }
}

/** Adds what is missing (a new service has no password yet) and changes nothing else. */
export function ensureSecrets(home: Home): Secrets {
  const there: Partial<Secrets> = readSecrets(home) ?? {};
  const nats = Object.fromEntries(WRITERS.map((writer) => [writer, there.nats?.[writer] ?? password()])) as Record<Writer, string>;
  const secrets: Secrets = {
    id: there.id ?? randomBytes(6).toString('hex'),
    postgres: there.postgres ?? password(),
    redis: there.redis ?? password(),
    nats,
  };
  if (JSON.stringify(there) !== JSON.stringify(secrets)) replaceFile(home.secrets, `${JSON.stringify(secrets)}\n`, 0o600);
  return secrets;
}
