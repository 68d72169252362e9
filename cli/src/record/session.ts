import { resolveSession, type SessionFacts, sessionFacts } from '@arb/shared/replay';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { fieldsText } from './say.ts';
import { stateOf } from './session-state.ts';
import { withArchive } from './with-archive.ts';

export const session: Command = {
  name: 'session',
  says: 'one session: status, span, counts, PnL, kept legs, versions, configuration, parent and children',
  words: [{ name: 'SESSION', optional: true }],
  flags: JSON_FLAG,
  async run({ words, flags }, { out, say }) {
    const facts = await withArchive(say, async (archive) => sessionFacts(archive, (await resolveSession(archive, words[0])).id));
    if (flags.json === true) out(JSON.stringify(facts));
    else for (const line of told(facts)) out(line);
    return EXIT_GOOD;
  },
};

function told(facts: SessionFacts): readonly string[] {
  const { ledger, market } = facts.counts;
  const rows: (readonly [string, string])[] = [
    ['session', facts.id],
    ['status', `${stateOf(facts)}${facts.importedAt === null ? '' : ` (imported ${facts.importedAt})`}${facts.kept ? ', kept' : ''}`],
    ['market', facts.market ?? '-'],
    ['began in mode', facts.mode ?? 'unknown: its first event is gone'],
    ['parent', facts.parent === null ? 'none' : `${facts.parent}:${facts.parentPosition} (${facts.reason ?? 'unknown'})`],
    ['children', facts.children.length === 0 ? 'none' : facts.children.join(', ')],
    ['time', `${facts.startedAt} to ${facts.endedAt ?? `${facts.lastEventAt ?? 'an event that is gone'}, its last event so far`}`],
    [
      'positions',
      facts.head === 0
        ? 'none'
        : `${facts.keptFrom ?? 'none left'} to ${facts.head}${facts.keptFrom !== null && facts.keptFrom > 1 ? ' (earlier ones are gone)' : ''}`,
    ],
    [
      'lost',
      facts.lostFrom === null ? 'nothing' : `from position ${facts.lostFrom} to ${facts.lostTo ?? 'the stream’s end, which nobody knows'}`,
    ],
    [
      'versions',
      Object.entries(facts.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ['snapshots', fieldsText(facts.snapshots)],
    ['head hash', facts.headHash ?? '-'],
    ['configuration', `${facts.configHash}${facts.config === null ? '' : ' (arb session --json shows it)'}`],
    ['decided events', ledger.map(({ type, count }) => `${type ?? 'unreadable'} ${count}`).join(', ') || 'none'],
    [
      'market events',
      market === null
        ? `${facts.marketEvents} (not counted by type in so long a session)`
        : market.map(({ type, count }) => `${type ?? 'unreadable'} ${count}`).join(', ') || 'none',
    ],
    [
      'PnL',
      facts.pnl.length === 0
        ? 'no round trip has ended'
        : facts.pnl.map(({ currency, amount, trips, won }) => `${amount} ${currency} over ${trips} round trips, ${won} won`).join('; '),
    ],
  ];
  for (const { trip, venue, symbol, quantity, since, cost, worth } of facts.keptLegs?.legs ?? []) {
    const unit = facts.keptLegs?.currency ?? '';
    const coins = `${quantity} ${symbol.slice(0, symbol.indexOf('-'))} at ${venue}`;
    const now = worth === null ? 'worth not known: its venue shows no good book' : `worth ${worth} ${unit}`;
    rows.push(['kept leg', `${coins}, cost ${cost} ${unit}, ${now}, of ${trip} since ${new Date(since / 1_000).toISOString()}`]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
