import { AT, board, eventsOf, journalFigure, journalLines, journalTable, SESSION } from './board.mjs';

const RATE = "(body->'data'->>'rate')::float8";

/** The rates that merged books and edges rest on. */
export const fx = board(
  'fx',
  'FX',
  'Rates between the quote currencies, their sources and how good they are: from the journal',
  [
    journalFigure('Rate', 'The newest', 'none', `SELECT ${RATE} ${eventsOf('fx')} ORDER BY position DESC LIMIT 1`, undefined, 6),
    journalFigure(
      'Tier',
      'multi: several sources agree',
      'string',
      `SELECT body->'data'->>'tier' ${eventsOf('fx')} ORDER BY position DESC LIMIT 1`,
      undefined,
      6,
    ),
    journalFigure(
      'Sources',
      'Of the newest rate',
      'none',
      `SELECT json_array_length(body->'data'->'sources') ${eventsOf('fx')} ORDER BY position DESC LIMIT 1`,
      undefined,
      6,
    ),
    journalFigure(
      'Age',
      'Since the newest rate',
      's',
      `SELECT extract(epoch FROM clock_timestamp()) - at / 1e6 ${eventsOf('fx')} ORDER BY position DESC LIMIT 1`,
      [
        [null, 'green'],
        [10, 'orange'],
        [60, 'red'],
      ],
      6,
    ),
    journalLines(
      'Rates',
      'By pair',
      'none',
      `SELECT ${AT}, body->'data'->>'pair' AS metric, ${RATE} AS value ${eventsOf('fx')} ORDER BY position`,
      12,
    ),
    journalLines(
      'Sources against the rate',
      'How far each source is off, in basis points',
      'none',
      `SELECT ${AT}, source.value->>'source' AS metric, 10000 * ((source.value->>'rate')::float8 / ${RATE} - 1) AS value
FROM (SELECT at, position, body ${eventsOf('fx')} ORDER BY position DESC LIMIT 5000) said, json_array_elements(said.body->'data'->'sources') source ORDER BY position`,
      12,
    ),
    journalLines(
      'Stable against bank',
      'Where both are known: the premium of the stable coin, in percent',
      'percent',
      `SELECT ${AT}, 100 * ((body->'data'->>'stableRate')::float8 / (body->'data'->>'bankRate')::float8 - 1) AS premium ${eventsOf('fx')}
  AND body->'data'->>'bankRate' IS NOT NULL AND body->'data'->>'stableRate' IS NOT NULL ORDER BY position`,
      12,
    ),
    journalTable(
      'Sources now',
      'Of the newest rate',
      `SELECT source.value->>'source' AS source, (source.value->>'rate')::float8 AS rate, (source.value->>'ageMs')::float8 AS "age (ms)", source.value->>'used' AS used
FROM (SELECT body ${eventsOf('fx')} ORDER BY position DESC LIMIT 1) newest, json_array_elements(newest.body->'data'->'sources') source`,
    ),
  ],
  [SESSION],
);
