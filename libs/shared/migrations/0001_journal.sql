-- The journal: one row a position, in two tables by how long people need them; the chain of seals; sessions; snapshots.

CREATE TABLE sessions (
  id              text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9-]{1,40}$'),
  -- Stands for the id in every event row: four bytes instead of forty.
  number          int GENERATED ALWAYS AS IDENTITY UNIQUE,
  status          text NOT NULL CHECK (status IN ('starting', 'live', 'cutting', 'ended', 'lost')),
  parent          text,
  parent_position bigint,
  end_position    bigint,
  stream_created  text,
  config_hash     text NOT NULL,
  config          text NOT NULL,
  -- json, not jsonb: the order of the keys stays.
  versions        json NOT NULL,
  lost_from       bigint,
  lost_to         bigint,
  -- Retention never drops the events of a kept session.
  kept            boolean NOT NULL DEFAULT false,
  started_at      timestamptz NOT NULL,
  ended_at        timestamptz
);

-- Books, trades, l2 and clock: most of all rows. Only the key, because every further index slows the writer down.
CREATE TABLE events_market (
  session_number int         NOT NULL,
  position       bigint      NOT NULL,
  stored_at      timestamptz NOT NULL,
  subject        text        NOT NULL,
  source         text,
  n              bigint,
  type           text,
  v              int,
  at             bigint,
  cause          text,
  -- The exact payload (json keeps its text); null when malformed, then `raw` holds the bytes.
  body           json,
  raw            bytea,
  taken          boolean     NOT NULL,
  PRIMARY KEY (session_number, position)
) PARTITION BY RANGE (session_number, position);

-- Decisions, orders, fills, commands, alerts: what people ask about.
CREATE TABLE events_ledger (LIKE events_market INCLUDING DEFAULTS, PRIMARY KEY (session_number, position))
  PARTITION BY RANGE (session_number, position);
CREATE INDEX events_ledger_source ON events_ledger (session_number, source, n);
CREATE INDEX events_ledger_type ON events_ledger (session_number, type, position);
CREATE INDEX events_ledger_cause ON events_ledger (session_number, cause);

-- Filtered by session_number and position it is read in order without sorting; filtered by session it has to sort.
CREATE VIEW events AS
  SELECT s.id AS session, e.*
  FROM (SELECT * FROM events_market UNION ALL SELECT * FROM events_ledger) e
  JOIN sessions s ON s.number = e.session_number;

-- One row a batch, in the batch's own transaction. Outlives dropped partitions: the chain goes on.
CREATE TABLE seals (
  session_number int    NOT NULL REFERENCES sessions (number),
  from_position  bigint NOT NULL,
  to_position    bigint NOT NULL CHECK (to_position >= from_position),
  market         text   NOT NULL,
  ledger         text   NOT NULL,
  head           text   NOT NULL,
  turns          text   NOT NULL,
  stored_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (session_number, to_position),
  -- Two batches can never both follow the same one, whoever writes them.
  UNIQUE (session_number, from_position)
);

CREATE TABLE snapshots (
  session    text   NOT NULL REFERENCES sessions (id),
  service    text   NOT NULL,
  position   bigint NOT NULL,
  version    text   NOT NULL,
  schema     int    NOT NULL,
  sha256     text   NOT NULL,
  body       text   NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (session, service, position)
);

-- Advisory locks belong to a database, so the name alone tells one writer from another.
CREATE FUNCTION journal_lock_key(lock_name text) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS $$ SELECT hashtextextended('journal writer ' || lock_name, 0) $$;

-- First statement of every batch. Whoever holds the writer's lock gets it again at once; everybody else is refused here,
-- before a row is copied.
CREATE FUNCTION seal_batch(lock_name text, session_no int, first bigint, final bigint,
                           market_hash text, ledger_hash text, head_hash text, turns_text text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  journaled bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(journal_lock_key(lock_name)) THEN
    RAISE EXCEPTION USING ERRCODE = 'JL001', MESSAGE = 'another process holds the writer''s lock of this journal';
  END IF;
  SELECT coalesce(max(to_position), 0) INTO journaled FROM seals WHERE session_number = session_no;
  IF first <> journaled + 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'JL002',
      MESSAGE = format('batch %s to %s of session number %s does not follow the last seal, which ends at %s', first, final, session_no, journaled);
  END IF;
  INSERT INTO seals (session_number, from_position, to_position, market, ledger, head, turns)
  VALUES (session_no, first, final, market_hash, ledger_hash, head_hash, turns_text);
END $$;

-- Saving again at the same position replaces what was there. The newest 20 stay, and for ever those a session starts
-- from (position 0 or 1) and ends with: replays of a child begin there.
CREATE FUNCTION save_snapshot(of_session text, of_service text, at_position bigint, of_version text, of_schema int, hash text, content text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM snapshots WHERE session = of_session AND service = of_service AND position = at_position
    AND (version, schema, sha256, body) IS DISTINCT FROM (of_version, of_schema, hash, content);
  INSERT INTO snapshots (session, service, position, version, schema, sha256, body)
  VALUES (of_session, of_service, at_position, of_version, of_schema, hash, content) ON CONFLICT DO NOTHING;
  DELETE FROM snapshots old WHERE old.session = of_session AND old.service = of_service AND old.position > 1
    AND old.position < (SELECT s.position FROM snapshots s WHERE s.session = of_session AND s.service = of_service
                        ORDER BY s.position DESC OFFSET 19 LIMIT 1)
    AND old.position IS DISTINCT FROM (SELECT end_position FROM sessions WHERE id = of_session);
END $$;
