import { configHash, type SessionConfig } from '@arb/shared/config';
import { CORE_VERSIONS } from '@arb/shared/core';
import { openArchive } from '@arb/shared/journal';
import { resolveSession } from '@arb/shared/replay';
import { type Given, UsageError } from '../command.ts';
import { changesOf } from './changes.ts';

export function requireResumable({ flags, words }: Given): void {
  if (flags.resume === true && flags.clean === true)
    throw new UsageError('--resume goes on with a session, --clean begins a new one: choose one of them');
  if (words[0] !== undefined && flags.resume !== true)
    throw new UsageError(`arb start does not know what to do with "${words[0]}": --resume ${words[0]} goes on with a session`);
}

/** A start always goes on with the newest session; asked for by name, it is refused where it would be another one. */
export async function requireSession(
  url: string,
  named: string | undefined,
  config: SessionConfig,
  say: (line: string) => void,
): Promise<void> {
  const archive = openArchive(url);
  try {
    const newest = await archive.currentSession();
    if (newest === null) throw new Error('there is no session to go on with: start without --resume');
    if (named !== undefined) {
      const asked = await resolveSession(archive, named);
      if (asked.id !== newest.id) {
        const listed = await archive.listed(asked.id);
        throw new Error(
          listed?.importedAt != null
            ? `${asked.id} was imported: it can be verified, replayed and asked, not gone on with`
            : `${asked.id} is over (its last position is ${listed?.head}); the newest session is ${newest.id}, and only that one can be gone on with`,
        );
      }
    }
    const changed = changesOf(newest, configHash(config), CORE_VERSIONS);
    const over = newest.status === 'ended' || newest.status === 'lost';
    say(
      changed === null && !over
        ? `going on with ${newest.id}`
        : `going on from ${newest.id} in a child session: ${over ? `it is ${newest.status}` : changed}`,
    );
  } finally {
    await archive.close();
  }
}
