import { type Archive, openArchive } from '@arb/shared/journal';
import { NotAnEvent } from '@arb/shared/replay';
import { UsageError } from '../command.ts';
import { homeOf } from '../stack/home.ts';
import { withJournal } from '../stack/with-journal.ts';

/** Calls `work` with the journal's archive; what is no event at all is told as not understood. */
export async function withArchive<T>(say: (line: string) => void, work: (archive: Archive, url: string) => Promise<T>): Promise<T> {
  return withJournal(homeOf(), say, async (url) => {
    const archive = openArchive(url);
    try {
      return await work(archive, url);
    } catch (error) {
      if (error instanceof NotAnEvent) throw new UsageError(error.message);
      throw error;
    } finally {
      await archive.close();
    }
  });
}
