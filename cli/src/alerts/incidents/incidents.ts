import { ROUTINGS, type Routing } from '@arb/shared/core';
import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG, UsageError } from '../../command.ts';
import { parseChoice } from '../../parse.ts';
import { table } from '../../table.ts';
import { INCIDENTS } from './catalogue.ts';
import { runIncident } from './run.ts';

export const incidents: Command = {
  name: 'incidents',
  says: 'causes incidents in a stack of its own, and holds what people are told to what is expected',
  words: [{ name: 'WHAT (list, run)' }, { name: 'NAME', optional: true }],
  flags: { ...JSON_FLAG, routing: { type: 'string', value: ROUTINGS.join('|'), says: 'only this routing; else both' } },
  async run({ words, flags }, { out, say }) {
    const [what, name] = words;
    if (what === 'list') {
      const rows = INCIDENTS.map(({ name, rule, severity, says }) => [name, rule, severity, says]);
      if (flags.json === true)
        out(JSON.stringify(INCIDENTS.map(({ name, rule, severity, says, expected }) => ({ name, rule, severity, says, expected }))));
      else for (const line of table(['incident', 'rule', 'severity', 'what'], rows)) out(line);
      return EXIT_GOOD;
    }
    if (what !== 'run') throw new UsageError('arb incidents list, or arb incidents run [NAME]');
    const chosen = name === undefined ? INCIDENTS : INCIDENTS.filter((incident) => incident.name === name);
    if (chosen.length === 0)
      throw new UsageError(`no incident ${name}: there are ${INCIDENTS.map((incident) => incident.name).join(', ')}`);
    const routings: readonly Routing[] = typeof flags.routing === 'string' ? [parseChoice('routing', flags.routing, ROUTINGS)] : ROUTINGS;
    let good = true;
    for (const incident of chosen)
      for (const routing of routings) {
        say(`${incident.name} in ${routing}: ${incident.says} …`);
        const result = await runIncident(incident, routing);
        good &&= result.ok;
        if (flags.json === true) out(JSON.stringify(result));
        else {
          const counts = Object.entries(result.messages).map(([channel, count]) => `${channel} ${count}`);
          out(
            `${result.ok ? 'as expected' : 'NOT as expected'}: ${incident.name} in ${routing}: ${incident.rule}, messages ${counts.join(', ')}`,
          );
          for (const fault of result.faults) out(`  ${fault}`);
          if (result.beside.length > 0) out(`  told beside it: ${result.beside.join(', ')}`);
        }
      }
    return good ? EXIT_GOOD : EXIT_FAILED;
  },
};
