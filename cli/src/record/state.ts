import { coreServiceNamed, resolveEvent, stateAt } from '@arb/shared/replay';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { CORES } from '../cores/cores.ts';
import { dateTimeOf } from './say.ts';
import { withArchive } from './with-archive.ts';

export const state: Command = {
  name: 'state',
  says: "a core's state as it was after an event, as JSON",
  words: [{ name: 'SERVICE' }],
  flags: { ...JSON_FLAG, at: { type: 'string', value: 'EVENT', says: 'after which event; else after the last' } },
  async run({ words, flags }, { out, say }) {
    const found = await withArchive(say, async (archive) => {
      const service = coreServiceNamed(words[0] as string);
      const { session, position } = await resolveEvent(archive, typeof flags.at === 'string' ? flags.at : 'last');
      return stateAt(archive, session, service, position, CORES);
    });
    if (flags.json === true) {
      out(JSON.stringify(found));
      return EXIT_GOOD;
    }
    say(
      `${found.service} after ${found.session}:${found.position}, core time ${dateTimeOf(found.now)}; from ${found.snapshot === 0 ? 'the beginning' : `the snapshot at ${found.snapshot}`} and ${found.fed} events`,
    );
    if (found.recordedBy !== found.thisIs)
      say(`recorded by version ${found.recordedBy}, this is ${found.thisIs}: the state is as this one has it`);
    out(JSON.stringify(found.state, null, 2));
    return EXIT_GOOD;
  },
};
