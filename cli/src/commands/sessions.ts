import type { ListedSession } from '@arb/shared/journal';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { parseCount } from '../parse.ts';
import { stateOf } from '../record/session-state.ts';
import { withArchive } from '../record/with-archive.ts';
import { table } from '../table.ts';

const LISTED = 50;

export const sessions: Command = {
  name: 'sessions',
  says: 'the sessions in the journal, newest first, and whether the one without an end is running',
  words: [],
  flags: { ...JSON_FLAG, limit: { type: 'string', value: 'N', says: `how many at most (${LISTED})` } },
  async run({ flags }, { out, say }) {
    const limit = typeof flags.limit === 'string' ? parseCount('limit', flags.limit) : LISTED;
    const found = await withArchive(say, (archive) => archive.list(limit));
    // As /api/sessions says it: a program reads both in one way.
    if (flags.json === true) out(JSON.stringify(found));
    else if (found.length === 0) out('no session yet: "npm start" begins one');
    else for (const line of table(['session', 'status', 'started', 'ended', 'positions', 'parent'], found.map(cells))) out(line);
    return EXIT_GOOD;
  },
};

function cells(row: ListedSession): readonly (string | number | null)[] {
  const { id, status, importedAt, startedAt, endedAt, head, parent, parentPosition } = row;
  const shown = importedAt === null ? stateOf(row) : status === 'ended' ? 'imported' : 'half imported';
  return [id, shown, startedAt, endedAt, head, parent === null ? null : `${parent}:${parentPosition ?? '?'}`];
}
