-- A sound snapshot stays, whoever saves another one at its position: a child session names by its hash the one it goes on
-- from, and in a release the replica of the older code may come to the same end later. What does not hold what it should
-- is replaced.
CREATE OR REPLACE FUNCTION save_snapshot(of_session text, of_service text, at_position bigint, of_version text, of_schema int, hash text, content text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  newest bigint;
BEGIN
  DELETE FROM snapshots s WHERE s.session = of_session AND s.service = of_service AND s.position = at_position
    AND s.sha256 <> encode(sha256(convert_to(s.body, 'UTF8')), 'hex');
  INSERT INTO snapshots (session, service, position, version, schema, sha256, body)
  VALUES (of_session, of_service, at_position, of_version, of_schema, hash, content) ON CONFLICT DO NOTHING;
  SELECT s.position INTO newest FROM snapshots s WHERE s.session = of_session AND s.service = of_service
    ORDER BY s.position DESC OFFSET 19 LIMIT 1;
  -- What lies further back was thinned when it was saved: only its last two steps can still hold too many.
  DELETE FROM snapshots old WHERE old.session = of_session AND old.service = of_service AND old.position > 1
    AND old.position < newest AND old.position >= newest - 100000
    AND old.position IS DISTINCT FROM (SELECT end_position FROM sessions WHERE id = of_session)
    AND (old.position < 20000
         OR EXISTS (SELECT FROM snapshots s WHERE s.session = of_session AND s.service = of_service
                    AND s.position < old.position AND s.position >= old.position / 20000 * 20000));
END $$;
