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
  const info = await link.streamInfo(stream);
  if (info === null) return { same: false, why: `stream ${stream} does not exist` };
  if (session.streamCreated !== null && info.created !== session.streamCreated)
    return { same: false, why: `stream ${stream} was created at ${info.created}, the session's at ${session.streamCreated}` };
  if (info.lastPosition < known.position)
    return { same: false, why: `stream ${stream} ends at ${info.lastPosition}, but position ${known.position} has been read` };
  if (known.position === 0 || known.position < info.firstPosition) return { same: true, info };
  const known_ = known.bytes !== null ? known : ((await journal.events(session.id, known.position, 1))[0] ?? null);
  if (known_ === null || known_.bytes === null) return { same: true, info };
  const found = await link.message(stream, known.position);
  // Purged between the two questions: the journal has it.
  if (found === null) return { same: true, info };
  // Stored at another time: said again after the tail was lost, and what stands before it may be another story.
  if (found.subject !== known_.subject || found.storedAt !== known_.storedAt || Buffer.compare(found.bytes, known_.bytes) !== 0)
    return { same: false, why: `stream ${stream} holds another message at position ${known.position} than were read from it` };
  return { same: true, info };
}
