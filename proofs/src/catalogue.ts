import { kills } from './kills/kills.ts';
import type { Proof } from './proof.ts';
import { corruptSnapshot } from './servers/corrupt-snapshot.ts';
import { lostStream } from './servers/lost-stream.ts';
import { postgresAway } from './servers/postgres-away.ts';
import { redisFlushed } from './servers/redis-flushed.ts';

/** Every proof there is, in the order in which they are listed. */
export const PROOFS: readonly Proof[] = [kills, lostStream, postgresAway, redisFlushed, corruptSnapshot];
