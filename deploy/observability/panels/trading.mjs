import { AT, board, eventsOf, journalFigure, journalLines, journalTable, lines, SESSION } from './board.mjs';

const amount = (field) => `(body->'data'->'${field}'->>'amount')::float8`;
const last = (value, type) => `SELECT ${value} ${eventsOf(type)} ORDER BY position DESC LIMIT 1`;
const LOSS = [
  [null, 'red'],
  [0, 'green'],
];

/** What trading made of it: the executor's key figures and risk's guard, from their own events. */
export const trading = board(
  'trading',
  'Trading',
  'PnL, round trips, risk: from the journal',
  [
    journalFigure('Realised', 'In the numeraire', 'none', last(amount('realised'), 'kpi'), LOSS),
    journalFigure('Unrealised', 'Closing all open round trips now, at the depth there is', 'none', last(amount('unrealised'), 'kpi'), LOSS),
    journalFigure('Open round trips', '', 'none', last("(body->'data'->'trips'->>'open')::int", 'kpi')),
    journalFigure('Win rate', '', 'percentunit', last("(body->'data'->'numbers'->>'winRate')::float8", 'kpi')),
    journalFigure('Trades an hour', '', 'none', last("(body->'data'->'numbers'->>'tradesPerHour')::float8", 'kpi')),
    journalFigure('Mode', '', 'string', last("body->'data'->>'mode'", 'guard')),

    journalLines(
      'PnL',
      'Realised, unrealised, deepest fall',
      'none',
      `SELECT ${AT}, ${amount('realised')} AS realised, ${amount('unrealised')} AS unrealised, -${amount('drawdown')} AS drawdown ${eventsOf('kpi')} ORDER BY position`,
      12,
    ),
    journalLines(
      'Exposure and equity',
      'As risk sees them',
      'none',
      `SELECT ${AT}, ${amount('exposure')} AS exposure, ${amount('equity')} AS equity, ${amount('dailyPnl')} AS "PnL of the day" ${eventsOf('guard')} ORDER BY position`,
      12,
    ),
    journalLines(
      'Round trips',
      'Since the session began',
      'none',
      `SELECT ${AT}, (body->'data'->'trips'->>'closed')::int AS closed, (body->'data'->'trips'->>'unwound')::int AS unwound, (body->'data'->'trips'->>'failed')::int AS failed ${eventsOf('kpi')} ORDER BY position`,
    ),
    journalLines(
      'Fill ratio and slippage',
      '',
      'none',
      `SELECT ${AT}, (body->'data'->'numbers'->>'fillRatio')::float8 AS "fill ratio", (body->'data'->'numbers'->>'slippageBps')::float8 AS "slippage (bp)" ${eventsOf('kpi')} ORDER BY position`,
    ),
    journalLines(
      'Order latency',
      'From the order to its venue',
      'ms',
      `SELECT ${AT}, (body->'data'->'numbers'->>'ackLatencyMs')::float8 AS mean, (body->'data'->'numbers'->>'ackLatencyMaxMs')::float8 AS longest ${eventsOf('kpi')} ORDER BY position`,
    ),
    lines(
      'Events said',
      'By the services on the way from a book to an order',
      'ops',
      [['rate(arb_events_published{service=~"aggregator|strategy|risk|executor"}[1m])', '{{service}} {{instance}}']],
      12,
    ),
    journalTable(
      'Verdicts',
      'By outcome and the rule that decided',
      `SELECT body->'data'->>'outcome' AS outcome, body->'data'->>'tier' AS tier, body->'data'->>'rule' AS rule, count(*) AS verdicts ${eventsOf('verdict')} GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 50`,
    ),
    journalTable(
      'Last ends of round trips',
      '',
      `SELECT ${AT}, body->'data'->>'trip' AS trip, body->'data'->>'coin' AS coin, body->'data'->>'state' AS state, ${amount('pnl')} AS pnl, body->'data'->>'why' AS why ${eventsOf('position')}
  AND body->'data'->>'state' IN ('CLOSED', 'UNWOUND', 'FAILED') ORDER BY position DESC LIMIT 50`,
    ),
    journalTable(
      'Orders that came to nothing',
      'By venue and reason',
      `SELECT body->'data'->>'venue' AS venue, body->'data'->>'state' AS state, body->'data'->>'reason' AS reason, count(*) AS orders ${eventsOf('order')}
  AND body->'data'->>'state' IN ('cancelled', 'rejected') GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 50`,
    ),
  ],
  [SESSION],
);
