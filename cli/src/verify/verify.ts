import { availableParallelism } from 'node:os';
import { resolveEvent, resolveSession, type VerifyReport, verifyInParallel } from '@arb/shared/replay';
import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG, UsageError } from '../command.ts';
import { CORES, CORES_MODULE } from '../cores/cores.ts';
import { parseCount } from '../parse.ts';
import { interruptible } from '../record/interruptible.ts';
import { withArchive } from '../record/with-archive.ts';
import { progressBar } from './progress-bar.ts';

const HASH = /^[0-9a-f]{64}$/;

export const verify: Command = {
  name: 'verify',
  says: 'proves a session: seals, no gap, every output derived again and compared byte for byte',
  words: [{ name: 'SESSION', optional: true }],
  flags: {
    ...JSON_FLAG,
    from: { type: 'string', value: 'EVENT', says: 'from the seal and the snapshots before it' },
    to: { type: 'string', value: 'EVENT', says: 'to the end of its seal' },
    jobs: { type: 'string', value: 'N', says: 'processes at once; else one for each processor' },
    strict: { type: 'boolean', says: 'differences to a session of another code version fail too' },
    anchor: { type: 'string', value: 'HASH', says: 'a head hash you kept: nothing up to it was changed since' },
  },
  async run({ words, flags }, { out, say }) {
    const anchor = typeof flags.anchor === 'string' ? flags.anchor.toLowerCase() : undefined;
    if (anchor !== undefined && !HASH.test(anchor)) throw new UsageError(`--anchor takes a SHA-256 of 64 hex digits, found ${anchor}`);
    const jobs = typeof flags.jobs === 'string' ? parseCount('jobs', flags.jobs) : availableParallelism();
    return interruptible(async (signal) => {
      const report = await withArchive(say, async (archive, url) => {
        const session = await resolveSession(archive, words[0]);
        const place = async (flag: string | boolean | undefined) =>
          typeof flag === 'string' ? (await resolveEvent(archive, flag, { session, only: true })).position : undefined;
        const [from, to] = [await place(flags.from), await place(flags.to)];
        if (from !== undefined && to !== undefined && to < from)
          throw new Error(`--to is position ${to}, before --from, ${from}: name a later event`);
        const bar = progressBar(`verify ${session.id}`);
        const done = await verifyInParallel(archive, session, {
          cores: CORES,
          jobs,
          worker: { url, cores: CORES_MODULE, signal: signal },
          strict: flags.strict === true,
          ...(anchor === undefined ? {} : { anchor }),
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
          progress: bar.at,
        });
        bar.end();
        return done;
      });
      if (flags.json === true) out(JSON.stringify(report));
      else for (const line of told(report)) out(line);
      return report.ok ? EXIT_GOOD : EXIT_FAILED;
    });
  },
};

function told(report: VerifyReport): readonly string[] {
  const outputs = Object.values(report.outputs).reduce((sum, count) => sum + count, 0);
  return [
    `session ${report.session}, positions ${report.from} to ${report.to}${report.ranges > 1 ? `, in ${report.ranges} ranges` : ''}`,
    `${report.seals} seals over ${report.events} events (${report.taken} taken), head ${report.head}`,
    `${outputs} outputs derived again: ${Object.entries(report.outputs)
      .map(([service, count]) => `${service} ${count}`)
      .join(', ')}; ${report.snapshots} snapshots compared`,
    ...report.otherVersions.map(
      ({ service, recordedBy, thisIs, outputs, differ, firstDifference }) =>
        `${service}: recorded by version ${recordedBy}, this is ${thisIs}: ${differ} of ${outputs} outputs differ${firstDifference === null ? '' : `, first at position ${firstDifference.position}`}`,
    ),
    ...report.faults.map(
      ({ check, position, subject, expected, found }) =>
        `FAULT ${check} at position ${position} on ${subject || '(none)'}\n  expected ${expected}\n  found    ${found}`,
    ),
    report.ok
      ? report.otherVersions.length === 0
        ? 'verified: every byte is as it was recorded'
        : 'verified: every byte is as it was sealed; what another version would say is told above'
      : `NOT verified: ${report.faults.length} faults${report.otherVersions.length === 0 ? '' : ', and what another version would say differs'}`,
  ];
}
