import { openJournalReader } from '@arb/shared/journal';
import { type VerifyReport, verifySession } from '@arb/shared/replay';
import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { CORES } from '../cores/cores.ts';
import { homeOf } from '../stack/home.ts';
import { withJournal } from '../stack/with-journal.ts';
import { progressBar } from './progress-bar.ts';

const HASH = /^[0-9a-f]{64}$/;

export const verify: Command = {
  name: 'verify',
  says: 'proves a session: seals, no gap, every output derived again and compared byte for byte',
  words: [{ name: 'SESSION', optional: true }],
  flags: {
    ...JSON_FLAG,
    strict: { type: 'boolean', says: 'differences to a session of another code version fail too' },
    anchor: { type: 'string', value: 'HASH', says: 'a head hash you kept: nothing up to it was changed since' },
  },
  async run({ words, flags }, { out, say }) {
    const anchor = typeof flags.anchor === 'string' ? flags.anchor.toLowerCase() : undefined;
    if (anchor !== undefined && !HASH.test(anchor)) throw new Error(`--anchor takes a SHA-256 of 64 hex digits, found ${anchor}`);
    const report = await withJournal(homeOf(), say, async (url) => {
      const journal = openJournalReader(url);
      try {
        const session = words[0] === undefined ? await journal.currentSession() : await journal.session(words[0]);
        if (session === null)
          throw new Error(
            words[0] === undefined
              ? 'there is no session yet: "npm start" begins one'
              : `no session ${words[0]} in the journal: "arb sessions" lists them`,
          );
        const bar = progressBar(`verify ${session.id}`);
        const done = await verifySession(journal, session, {
          cores: CORES,
          strict: flags.strict === true,
          ...(anchor === undefined ? {} : { anchor }),
          progress: bar.at,
        });
        bar.end();
        return done;
      } finally {
        await journal.close();
      }
    });
    if (flags.json === true) out(JSON.stringify(report));
    else for (const line of told(report)) out(line);
    return report.ok ? EXIT_GOOD : EXIT_FAILED;
  },
};

function told(report: VerifyReport): readonly string[] {
  const outputs = Object.values(report.outputs).reduce((sum, count) => sum + count, 0);
  return [
    `session ${report.session}, positions ${report.from} to ${report.to}`,
    `${report.seals} seals over ${report.events} events (${report.taken} taken), head ${report.head}`,
    `${outputs} outputs derived again: ${Object.entries(report.outputs)
      .map(([service, count]) => `${service} ${count}`)
      .join(', ')}; ${report.snapshots} snapshots compared`,
    ...report.otherVersions.map(
      ({ service, recordedBy, thisIs, firstDifference }) =>
        `${service}: recorded by version ${recordedBy}, this is ${thisIs}: ${firstDifference === null ? 'no difference' : `first difference at position ${firstDifference.position}`}`,
    ),
    ...report.faults.map(
      ({ check, position, subject, expected, found }) =>
        `FAULT ${check} at position ${position} on ${subject || '(none)'}\n  expected ${expected}\n  found    ${found}`,
    ),
    report.ok ? 'verified: every byte is as it was recorded' : `NOT verified: ${report.faults.length} faults`,
  ];
}
