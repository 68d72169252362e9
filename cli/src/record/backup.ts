import { join, resolve } from 'node:path';
import { loadConfig } from '@arb/shared/config';
import { backupsIn, backup as makeBackup, restore as restoreBackup, storageOf } from '@arb/shared/journal';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { parseCount } from '../parse.ts';
import { homeOf } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { withJournal } from '../stack/with-journal.ts';
import { table } from '../table.ts';
import { progressBar } from '../verify/progress-bar.ts';
import { interruptible } from './interruptible.ts';
import { bytesText } from './say.ts';

const KEPT = 7;
const TAKES_BACK = { takesBack: true };

function folderOf(flag: string | boolean | undefined): string {
  return typeof flag === 'string' ? resolve(flag) : join(homeOf().folder, 'backups');
}

export const backup: Command = {
  name: 'backup',
  says: 'the whole journal into one file, beside the running stack too; the oldest files go',
  words: [],
  flags: {
    ...JSON_FLAG,
    folder: { type: 'string', value: 'FOLDER', says: 'else .arb/backups' },
    keep: { type: 'string', value: 'N', says: `so many backups stay (${KEPT})` },
    check: { type: 'boolean', says: 'restores it at once beside the journal, looks at it, and removes that again' },
  },
  async run({ flags }, { out, say }) {
    const folder = folderOf(flags.folder);
    const keep = typeof flags.keep === 'string' ? parseCount('keep', flags.keep) : KEPT;
    const made = await interruptible((signal) =>
      withJournal(
        homeOf(),
        say,
        async (url) => {
          const bar = progressBar('backup');
          const done = await makeBackup(url, { folder, keep, check: flags.check === true, progress: bar.at, signal });
          bar.end();
          return done;
        },
        TAKES_BACK,
      ),
    );
    if (flags.json === true) out(JSON.stringify(made));
    else {
      out(
        `${made.file}: ${bytesText(made.bytes)}, ${made.sessions.length} ${made.sessions.length === 1 ? 'session' : 'sessions'}${flags.check === true ? ', restored and found whole' : ''}`,
      );
      if (made.removed.length > 0) out(`removed ${made.removed.length} older ones; ${keep} stay`);
      out(`put it in the journal's place with: arb restore ${made.file}`);
    }
    return EXIT_GOOD;
  },
};

export const restore: Command = {
  name: 'restore',
  says: "a backup in the journal's place; what was there is kept under another name",
  words: [{ name: 'FILE|last', optional: true }],
  flags: { ...JSON_FLAG, folder: { type: 'string', value: 'FOLDER', says: 'where `last` is looked for; else .arb/backups' } },
  async run({ words, flags }, { out, say }) {
    const folder = folderOf(flags.folder);
    const backups = backupsIn(folder);
    const none = `no backup in ${folder} yet: "arb backup" makes one`;
    const word = words[0];
    if (word === undefined) {
      if (flags.json === true) out(JSON.stringify(backups));
      else if (backups.length === 0) out(none);
      else
        for (const line of table(
          ['backup', 'made', 'size', 'sessions'],
          backups.map(({ path, createdAt, bytes, sessions }) => [path, createdAt, bytesText(bytes), sessions.length]),
        ))
          out(line);
      return EXIT_GOOD;
    }
    const file = word === 'last' ? backups[0]?.path : resolve(word);
    if (file === undefined) throw new Error(none);
    if (lockHolder(homeOf())?.use === 'stack') throw new Error('the stack runs on the journal that would be replaced: "arb stop" first');
    const restored = await interruptible((signal) =>
      withJournal(
        homeOf(),
        say,
        async (url) => {
          const bar = progressBar('restore');
          const done = await restoreBackup(url, file, { progress: bar.at, signal });
          bar.end();
          return done;
        },
        TAKES_BACK,
      ),
    );
    if (flags.json === true) out(JSON.stringify(restored));
    else {
      out(`restored ${restored.sessions} ${restored.sessions === 1 ? 'session' : 'sessions'} from ${restored.file}`);
      out(`what was there until now is the database ${restored.before}; drop it when you do not need it any more`);
      out('prove it: arb verify');
    }
    return EXIT_GOOD;
  },
};

export const storage: Command = {
  name: 'storage',
  says: 'where the space goes, and what retention will drop',
  words: [],
  flags: JSON_FLAG,
  async run({ flags }, { out, say }) {
    const { retentionDays } = loadConfig({ env: process.env }).session.journal;
    const found = await withJournal(homeOf(), say, (url) => storageOf(url, retentionDays));
    if (flags.json === true) {
      out(JSON.stringify(found));
      return EXIT_GOOD;
    }
    const { databaseBytes, eventBytes, snapshotBytes, sealBytes, dueBytes, sessions } = found;
    out(
      `the journal takes ${bytesText(databaseBytes)}: events ${bytesText(eventBytes)}, snapshots ${bytesText(snapshotBytes)}, seals ${bytesText(sealBytes)}`,
    );
    const rows = sessions.map(({ session, status, kept, marketBytes, ledgerBytes, dropsFrom }) => [
      session,
      status,
      bytesText(marketBytes),
      bytesText(ledgerBytes),
      kept ? 'never: it is kept' : (dropsFrom ?? 'not while it goes on'),
    ]);
    if (rows.length > 0)
      for (const line of table(['session', 'status', 'market data', 'decisions, orders, …', 'dropped from'], rows)) out(line);
    out(
      `retention: ${retentionDays} days (journal.retentionDays); its next run drops ${dueBytes === 0 ? 'nothing' : bytesText(dueBytes)}. Seals stay; "arb export" saves a session before.`,
    );
    return EXIT_GOOD;
  },
};
