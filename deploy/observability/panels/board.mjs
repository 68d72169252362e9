/** The few shapes of Grafana's JSON that the dashboards are made of. */
const METRICS = { type: 'prometheus', uid: 'metrics' };
const JOURNAL = { type: 'grafana-postgresql-datasource', uid: 'journal' };
const COLUMNS = 24;

/** Panels flow from left to right in the order given, each `w` columns wide. */
export function board(uid, title, description, panels, variables = []) {
  let x = 0;
  let y = 0;
  let tallest = 0;
  const placed = panels.map(({ w, h, ...panel }, index) => {
    if (x + w > COLUMNS) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    const gridPos = { x, y, w, h };
    x += w;
    tallest = Math.max(tallest, h);
    return { id: index + 1, gridPos, ...panel };
  });
  return {
    uid,
    title,
    description,
    tags: ['arbitrage-lite'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: variables },
    panels: placed,
  };
}

/** Lines over time; each query is [PromQL, legend]. */
export function lines(title, description, unit, queries, w = 8) {
  return {
    type: 'timeseries',
    title,
    description,
    w,
    h: 8,
    datasource: METRICS,
    fieldConfig: field(unit),
    options: OPTIONS,
    targets: queries.map(promql),
  };
}

export function figure(title, description, unit, expr, steps, w = 4) {
  return {
    type: 'stat',
    title,
    description,
    w,
    h: 4,
    datasource: METRICS,
    fieldConfig: field(unit, steps),
    options: LAST,
    targets: [promql([expr, ''], 0)],
  };
}

/** Lines from the journal: the query gives `time`, values, and optionally `metric`. */
export function journalLines(title, description, unit, sql, w = 8) {
  return {
    type: 'timeseries',
    title,
    description,
    w,
    h: 8,
    datasource: JOURNAL,
    fieldConfig: field(unit),
    options: OPTIONS,
    targets: [query(sql, 'time_series')],
  };
}

export function journalFigure(title, description, unit, sql, steps, w = 4) {
  return {
    type: 'stat',
    title,
    description,
    w,
    h: 4,
    datasource: JOURNAL,
    fieldConfig: field(unit, steps),
    options: LAST,
    targets: [query(sql, 'table')],
  };
}

export function journalTable(title, description, sql, w = 12) {
  return {
    type: 'table',
    title,
    description,
    w,
    h: 9,
    datasource: JOURNAL,
    fieldConfig: field('none'),
    options: {},
    targets: [query(sql, 'table')],
  };
}

/** A choice of session: the newest first. */
export const SESSION = {
  name: 'session',
  label: 'Session',
  type: 'query',
  datasource: JOURNAL,
  query: 'SELECT id FROM sessions ORDER BY number DESC LIMIT 100',
  refresh: 2,
  sort: 0,
  multi: false,
  includeAll: false,
};

/** Events of one type of the chosen session within the chosen time; only the table of the ledger, by its index on the type. */
export function eventsOf(type) {
  return `FROM events_ledger
WHERE session_number = (SELECT number FROM sessions WHERE id = '$session') AND type = '${type}' AND taken
  AND at BETWEEN $__unixEpochFrom()::bigint * 1000000 AND $__unixEpochTo()::bigint * 1000000`;
}

export const AT = 'to_timestamp(at / 1e6) AS time';
const OPTIONS = { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } };
const LAST = { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value' };

function field(unit, steps = [[null, 'green']]) {
  return { defaults: { unit, thresholds: { mode: 'absolute', steps: steps.map(([value, color]) => ({ value, color })) } }, overrides: [] };
}

function promql([expr, legendFormat], index) {
  return { refId: String.fromCharCode(65 + index), datasource: METRICS, expr, legendFormat };
}

function query(rawSql, format) {
  return { refId: 'A', datasource: JOURNAL, format, rawQuery: true, editorMode: 'code', rawSql };
}
