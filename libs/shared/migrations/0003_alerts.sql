-- Alerts as people ask for them. They are the journal's own rows: what an alert says is kept once, and sealed with all else.

CREATE VIEW alerts AS
  SELECT s.id AS session, e.position, e.stored_at,
    to_timestamp(e.at / 1e6) AS at,
    e.body->'data'->>'id' AS id,
    e.body->'data'->>'key' AS key,
    e.body->'data'->>'rule' AS rule,
    e.body->'data'->>'severity' AS severity,
    e.body->'data'->>'state' AS state,
    e.body->'data'->>'step' AS step,
    e.body->'data'->>'summary' AS summary,
    (e.body->'data'->>'count')::bigint AS count,
    to_timestamp((e.body->'data'->>'since')::bigint / 1e6) AS since,
    e.body->'data'->'channels' AS channels,
    e.body->'data'->>'quiet' AS quiet,
    -- The event that began it: of this session its position, of a parent `<session>:<position>`.
    coalesce(e.body->'basis'->>0, e.cause) AS about
  FROM events_ledger e JOIN sessions s ON s.number = e.session_number
  WHERE e.type = 'alert' AND e.taken;

CREATE VIEW alert_deliveries AS
  SELECT s.id AS session, e.position, e.stored_at,
    to_timestamp(e.at / 1e6) AS at,
    e.body->'data'->>'id' AS id,
    e.body->'data'->>'key' AS key,
    e.body->'data'->>'channel' AS channel,
    coalesce(e.body->'data'->>'instead', e.body->'data'->>'channel') AS meant,
    e.body->'data'->>'state' AS state,
    (e.body->'data'->>'tries')::int AS tries,
    e.body->'data'->>'detail' AS detail
  FROM events_ledger e JOIN sessions s ON s.number = e.session_number
  WHERE e.type = 'alert.delivery' AND e.taken;
