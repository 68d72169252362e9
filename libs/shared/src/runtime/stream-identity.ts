import { streamOf } from '../contracts/index.ts';
import type { JournalReader, Link, SessionRow, StreamInfo } from './ports.ts';

/** The last message a process has read: what it believes the stream to be. */
export interface Known {
  readonly position: number;
  readonly subject: string;
  readonly storedAt: number;
  /** Null when it was restored from a snapshot and has read nothing since. */
  readonly bytes: Uint8Array | null;
}

export type Identity = { readonly same: true; readonly info: StreamInfo } | { readonly same: false; readonly why: string };

/**
 * Is this still the stream that was read before? Creation time, length, and the bytes at the last known position are
 * compared; below the stream's first position the journal speaks for it.
 */
export async function identify(link: Link, journal: JournalReader, session: SessionRow, known: Known): Promise<Identity> {
  const stream = streamOf(session.id);
  const journaled = async () => (await journal.events(session.id, known.position, 1))[0] ?? null;
  const info = await link.streamInfo(stream);
  if (info === null) return { same: false, why: `stream ${stream} does not exist` };
  if (session.streamCreated !== null && info.created !== session.streamCreated)
    return { same: false, why: `stream ${stream} was created at ${info.created}, the session's at ${session.streamCreated}` };
  if (info.lastPosition < known.position)
    return { same: false, why: `stream ${stream} ends at ${info.lastPosition}, but position ${known.position} has been read` };
  if (known.position === 0) return { same: true, info };
  const found = known.position < info.firstPosition ? null : await link.message(stream, known.position);
  // Also where it was purged between the two questions. What is purged has been journaled.
  const [stored, holder] = found === null ? [await journaled(), 'the journal of'] : [found, 'stream'];
  const mine = known.bytes !== null ? known : found === null ? null : await journaled();
  if (stored === null || mine === null || mine.bytes === null) return { same: true, info };
  // Stored at another time: said again after the tail was lost, and what stands before it may be another story.
  if (stored.subject === mine.subject && stored.storedAt === mine.storedAt && Buffer.compare(stored.bytes, mine.bytes) === 0)
    return { same: true, info };
  return { same: false, why: `${holder} ${session.id} holds another message at position ${known.position} than was read` };
}
