import { faultLine, readAlertRules } from '@arb/shared/config';
import type { AlertRules } from '@arb/shared/core';
import { openJournalReader } from '@arb/shared/journal';
import { UsageError } from '../command.ts';
import { homeOf } from '../stack/home.ts';
import { withJournal } from '../stack/with-journal.ts';
import { table } from '../table.ts';
import { progressBar } from '../verify/progress-bar.ts';
import { type Backtest, backtest } from './backtest.ts';

export async function backtestSession(name: string | undefined, file: string | null, say: (line: string) => void): Promise<Backtest> {
  const rules = file === null ? null : rulesOf(file);
  return withJournal(homeOf(), say, async (url) => {
    const journal = openJournalReader(url);
    try {
      const session = name === undefined ? await journal.currentSession() : await journal.session(name);
      if (session === null)
        throw new Error(
          name === undefined ? 'there is no session yet: "npm start" begins one' : `no session ${name}: "arb sessions" lists them`,
        );
      const bar = progressBar(`backtest ${session.id}`);
      const result = await backtest(journal, session, rules, bar.at);
      bar.end();
      return result;
    } finally {
      await journal.close();
    }
  });
}

function rulesOf(file: string): AlertRules {
  const read = readAlertRules(file);
  if ('faults' in read)
    throw new UsageError([`${file} cannot be used:`, ...read.faults.map((fault) => `  ${faultLine(fault)}`)].join('\n'));
  return read.rules;
}

export function toldBacktest({ session, events, hours, alerts, messages, channels, rules, busiestMinute }: Backtest): readonly string[] {
  const byChannel = Object.entries(channels).map(([name, count]) => `${name} ${count}`);
  return [
    `${session}: ${events} events in ${hours.toFixed(2)} h`,
    `${messages} messages would have reached somebody at once, at most ${busiestMinute} within a minute; ${alerts} alerts on the stream`,
    `by channel: ${byChannel.length === 0 ? 'none' : byChannel.join(', ')}`,
    ...(rules.length === 0 ? [] : ['']),
    ...(rules.length === 0
      ? []
      : table(
          ['rule', 'severity', 'messages', 'alerts', 'the first'],
          rules.map((row) => [row.rule, row.severity, row.messages, row.alerts, row.first.slice(0, 100)]),
        )),
  ];
}
