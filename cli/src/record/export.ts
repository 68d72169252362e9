import { createReadStream, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { exportSession, importSession, resolveEvent, resolveSession } from '@arb/shared/replay';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { homeOf } from '../stack/home.ts';
import { withJournal } from '../stack/with-journal.ts';
import { progressBar } from '../verify/progress-bar.ts';
import { interruptible } from './interruptible.ts';
import { bytesText } from './say.ts';
import { writeWhole } from './whole-file.ts';
import { withArchive } from './with-archive.ts';

export const exportCommand: Command = {
  name: 'export',
  says: 'a session, or a range of it, as one file that replays on another machine; a range is a bug report',
  words: [{ name: 'SESSION', optional: true }],
  flags: {
    ...JSON_FLAG,
    from: { type: 'string', value: 'EVENT', says: 'from the snapshots before it; else from the beginning' },
    to: { type: 'string', value: 'EVENT', says: 'to the end of its seal; else to the end' },
    output: { type: 'string', short: 'o', value: 'FILE', says: 'else SESSION.arb.gz, or SESSION_FROM-TO.arb.gz, here' },
  },
  async run({ words, flags }, { out, say }) {
    const { file, exported } = await interruptible((signal) =>
      withArchive(say, async (archive) => {
        const session = await resolveSession(archive, words[0]);
        const place = async (flag: string | boolean | undefined) =>
          typeof flag === 'string' ? (await resolveEvent(archive, flag, { session, only: true })).position : undefined;
        const [from, to] = [await place(flags.from), await place(flags.to)];
        if (from !== undefined && to !== undefined && to < from)
          throw new Error(`--to is position ${to}, before --from, ${from}: name a later event`);
        const range = from === undefined && to === undefined ? '' : `_${from ?? 1}-${to ?? 'end'}`;
        const file = resolve(typeof flags.output === 'string' ? flags.output : `${session.id}${range}.arb.gz`);
        if (existsSync(file)) throw new Error(`${file} is there already: remove it, or name another one with -o`);
        const bar = progressBar(`export ${session.id}`);
        const exported = await writeWhole(
          file,
          (into, broken) =>
            exportSession(archive, session, into, {
              ...(from === undefined ? {} : { from }),
              ...(to === undefined ? {} : { to }),
              progress: bar.at,
              signal: broken,
            }),
          signal,
        );
        bar.end();
        return { file, exported };
      }),
    );
    const { manifest, events, seals, snapshots } = exported;
    const bytes = statSync(file).size;
    if (flags.json === true) out(JSON.stringify({ file, bytes, events, seals, snapshots, ...manifest, config: undefined }));
    else {
      out(`${file}: ${bytesText(bytes)}`);
      out(
        `${manifest.session.id}, positions ${manifest.after + 1} to ${manifest.to}${manifest.whole ? ', the whole session' : ''}: ${events} events, ${seals} seals, ${snapshots} snapshots, head ${manifest.head}`,
      );
    }
    return EXIT_GOOD;
  },
};

export const importCommand: Command = {
  name: 'import',
  says: 'an exported session into this journal, to be verified, replayed and asked; a file that was changed is refused',
  words: [{ name: 'FILE' }],
  flags: JSON_FLAG,
  async run({ words, flags }, { out, say }) {
    const file = resolve(words[0] as string);
    if (!existsSync(file)) throw new Error(`there is no file ${file}`);
    const imported = await interruptible((signal) =>
      withJournal(
        homeOf(),
        say,
        async (url) => {
          const bar = progressBar(`import ${words[0]}`);
          const done = await importSession(url, createReadStream(file, { highWaterMark: 1024 * 1024 }), { progress: bar.at, signal });
          bar.end();
          return done;
        },
        { takesBack: true },
      ),
    );
    if (flags.json === true) out(JSON.stringify(imported));
    else {
      const { session, after, to, whole, events, seals, snapshots } = imported;
      out(
        `imported ${session}, positions ${after + 1} to ${to}${whole ? ', the whole session' : ''}: ${events} events, ${seals} seals, ${snapshots} snapshots`,
      );
      out(`every row is as it was sealed; prove what follows from them: arb verify ${session}`);
    }
    return EXIT_GOOD;
  },
};
