import { type Command, EXIT_FAILED, EXIT_GOOD, type Given, JSON_FLAG, type Output, UsageError } from '../command.ts';
import { nearest } from '../nearest.ts';
import { parseCount, parseDuration } from '../parse.ts';
import { table } from '../table.ts';
import { backtestSession, toldBacktest } from './backtest-command.ts';
import { dropDead, listDead, retryDead } from './dead-letters.ts';
import { listAlerts } from './list.ts';
import { answerOfAlerting, tellStack } from './tell-stack.ts';

type Act = (given: Given, output: Output) => Promise<number>;

const LISTED = 50;
const USAGE: Readonly<Record<string, string>> = {
  list: 'arb alerts list [--all] [--limit N]',
  ack: 'arb alerts ack KEY (or the id of an alert, or a rule)',
  silence: 'arb alerts silence RULE_OR_KEY --for 1h [--why TEXT]',
  unsilence: 'arb alerts unsilence RULE_OR_KEY',
  maintenance: 'arb alerts maintenance [VENUE_SERVICE_OR_COIN] --for 1h [--why TEXT]; arb alerts maintenance over [TARGET]',
  dlq: 'arb alerts dlq list|retry|drop [ENTRY|ALERT|all]',
  backtest: 'arb alerts backtest [SESSION] [--rules FILE]',
};

export const alerts: Command = {
  name: 'alerts',
  says: 'alerts: list, ack, silence, maintenance, dead letters; and what other rules would have told',
  words: [{ name: `WHAT (${Object.keys(USAGE).join(', ')})` }, { name: 'TARGET', optional: true }, { name: 'MORE', optional: true }],
  flags: {
    ...JSON_FLAG,
    all: { type: 'boolean', says: 'list: those that are over too' },
    limit: { type: 'string', value: 'N', says: `list: how many at most (${LISTED})` },
    for: { type: 'string', value: 'TIME', says: 'silence, maintenance: until when, such as 30m or 2h' },
    why: { type: 'string', value: 'TEXT', says: 'why, for the record' },
    rules: { type: 'string', value: 'FILE', says: 'backtest: rules to try; else those that the session ran on' },
  },
  async run(given, output) {
    const what = given.words[0] as string;
    const act = Object.hasOwn(ACTS, what) ? (ACTS[what] as Act) : undefined;
    if (act !== undefined) return act(given, output);
    const near = nearest(what, Object.keys(ACTS));
    throw new UsageError(
      `arb alerts has no "${what}"${near === null ? `: it has ${Object.keys(ACTS).join(', ')}` : `: did you mean "${near}"?`}`,
    );
  },
};

const ACTS: Readonly<Record<string, Act>> = {
  async list({ flags }, { out, say }) {
    const limit = typeof flags.limit === 'string' ? parseCount('limit', flags.limit) : LISTED;
    const found = await listAlerts(flags.all === true, limit, say);
    if (flags.json === true) out(JSON.stringify(found));
    else if (found.length === 0) out(flags.all === true ? 'no alert yet' : 'nothing is open');
    else {
      const rows = found.map((row) => [row.at, row.severity, row.step, row.key, row.id, row.delivered, row.summary.slice(0, 100)]);
      for (const line of table(['at', 'severity', 'step', 'key', 'id', 'delivered', 'what'], rows)) out(line);
    }
    return EXIT_GOOD;
  },

  ack: (given, output) => give('ack', needed('ack', given), given, output),
  unsilence: (given, output) => give('unsilence', needed('unsilence', given), given, output),
  silence: (given, output) => give('silence', needed('silence', given), given, output, untilOf('silence', given)),
  maintenance(given, output) {
    const [, target, more] = given.words;
    if (target === 'over') return give('maintenance-over', more ?? '', given, output);
    return give('maintenance', target ?? '', given, output, untilOf('maintenance', given));
  },

  async dlq({ words, flags }, { out }) {
    const [, what = 'list', which = ''] = words;
    if (what === 'list') {
      const found = await listDead(typeof flags.limit === 'string' ? parseCount('limit', flags.limit) : LISTED);
      if (flags.json === true) out(JSON.stringify(found));
      else if (found.length === 0) out('no dead letters');
      else {
        const rows = found.map((row) => [row.entry, row.buriedAt, row.severity, row.channel, row.alert, row.key, row.summary.slice(0, 80)]);
        for (const line of table(['entry', 'buried', 'severity', 'channel', 'alert', 'key', 'what'], rows)) out(line);
      }
      return EXIT_GOOD;
    }
    if ((what !== 'retry' && what !== 'drop') || which === '') throw new UsageError(USAGE.dlq);
    const count = what === 'retry' ? await retryDead(which) : await dropDead(which);
    out(
      flags.json === true
        ? JSON.stringify({ [what]: count })
        : `${count} ${what === 'retry' ? 'are sent once more' : 'were dropped; the journal still says that they were dead-lettered'}`,
    );
    return EXIT_GOOD;
  },

  async backtest({ words, flags }, { out, say }) {
    const result = await backtestSession(words[1], typeof flags.rules === 'string' ? flags.rules : null, say);
    if (flags.json === true) out(JSON.stringify(result));
    else for (const line of toldBacktest(result)) out(line);
    return EXIT_GOOD;
  },
};

function needed(what: string, { words }: Given): string {
  const target = words[1];
  if (target === undefined) throw new UsageError(USAGE[what]);
  return target;
}

function untilOf(what: string, { flags }: Given): number {
  if (typeof flags.for !== 'string') throw new UsageError(`a ${what} needs an end: ${USAGE[what]}`);
  return (Date.now() + parseDuration('for', flags.for)) * 1_000;
}

async function give(what: string, target: string, { flags }: Given, { out }: Output, until?: number): Promise<number> {
  const why = typeof flags.why === 'string' ? flags.why : 'by the command line';
  const at = await tellStack(what, {
    why,
    ...(target === '' ? {} : { target }),
    ...(until === undefined ? {} : { until }),
  });
  // Only the answer says whether there was anything to acknowledge or to end.
  const answers = await answerOfAlerting(at);
  if (flags.json === true) out(JSON.stringify({ ...at, answers: answers.map(({ summary }) => summary) }));
  else {
    out(`${what}${target === '' ? '' : ` ${target}`}: journaled as ${at.session}:${at.position}`);
    for (const { summary } of answers) out(summary);
    if (answers.length === 0) out('alerting has not answered yet: "arb alerts list --all" shows when it has');
  }
  return what === 'ack' && !answers.some(({ step }) => step === 'acknowledged') ? EXIT_FAILED : EXIT_GOOD;
}
