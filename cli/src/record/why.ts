import { parseRoute, resolveEvent, resolveSession, whyNot as whyNotOf, why as whyOf } from '@arb/shared/replay';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { table } from '../table.ts';
import { toldWhy, toldWhyNot } from './why-told.ts';
import { withArchive } from './with-archive.ts';

export const why: Command = {
  name: 'why',
  says: 'what an event rests on, and what followed from it, down to fills and PnL',
  words: [{ name: 'EVENT' }],
  flags: JSON_FLAG,
  async run({ words, flags }, { out, say }) {
    const found = await withArchive(say, async (archive) => {
      const { session, position } = await resolveEvent(archive, words[0] as string);
      return whyOf(archive, session, position);
    });
    if (flags.json === true) out(JSON.stringify(found));
    else for (const line of toldWhy(found)) out(line);
    return EXIT_GOOD;
  },
};

const REFUSALS = ['position', 'when', 'coin', 'buy-sell', 'by', 'rule', 'value', 'limit', 'missed by', 'why'];

export const whyNot: Command = {
  name: 'why-not',
  says: 'why a coin or route was not traded at a time: the nearest refusals, rule by rule',
  words: [{ name: 'COIN|ROUTE' }, { name: 'TIME|EVENT', optional: true }],
  flags: { ...JSON_FLAG, session: { type: 'string', value: 'SESSION', says: 'another session than the present one' } },
  async run({ words, flags }, { out, say }) {
    const found = await withArchive(say, async (archive) => {
      const route = parseRoute(words[0] as string);
      const session = await resolveSession(archive, typeof flags.session === 'string' ? flags.session : undefined);
      const place = await resolveEvent(archive, words[1] ?? 'last', { session });
      return whyNotOf(archive, place.session, route, place.position);
    });
    if (flags.json === true) out(JSON.stringify(found));
    else for (const line of toldWhyNot(found, (rows) => table(REFUSALS, rows))) out(line);
    return EXIT_GOOD;
  },
};
