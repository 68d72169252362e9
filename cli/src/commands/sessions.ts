import type { ListedSession } from '@arb/shared/journal';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { parseCount } from '../parse.ts';
import { withArchive } from '../record/with-archive.ts';
import { table } from '../table.ts';

interface Listed {
  readonly session: string;
  /** `imported` for one that came out of a file. */
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Last journaled position. */
  readonly head: number;
  readonly parent: string | null;
  readonly parentPosition: number | null;
}

const LISTED = 50;

export const sessions: Command = {
  name: 'sessions',
  says: 'the sessions in the journal, newest first',
  words: [],
  flags: { ...JSON_FLAG, limit: { type: 'string', value: 'N', says: `how many at most (${LISTED})` } },
  async run({ flags }, { out, say }) {
    const limit = typeof flags.limit === 'string' ? parseCount('limit', flags.limit) : LISTED;
    const found = await withArchive(say, async (archive) => (await archive.list(limit)).map(listed));
    if (flags.json === true) out(JSON.stringify(found));
    else if (found.length === 0) out('no session yet: "npm start" begins one');
    else for (const line of table(['session', 'status', 'started', 'ended', 'positions', 'parent'], found.map(cells))) out(line);
    return EXIT_GOOD;
  },
};

function listed({ id, status, importedAt, startedAt, endedAt, head, parent, parentPosition }: ListedSession): Listed {
  return { session: id, status: importedAt === null ? status : 'imported', startedAt, endedAt, head, parent, parentPosition };
}

function cells(row: Listed): readonly (string | number | null)[] {
  return [
    row.session,
    row.status,
    row.startedAt,
    row.endedAt,
    row.head,
    row.parent === null ? null : `${row.parent}:${row.parentPosition ?? '?'}`,
  ];
}
