-- SPDX-License-Identifier: Apache-2.0
-- Positions rise for ever, also when the log does not: after a failover to a server that lacks the
-- last commits, or a restore from a backup, its sequence would give positions once more that replicas
-- and Redis know already, and what stands there now would be taken for what stood there then. So
-- each append looks whether this is still the log it was, and leaps ahead when it is not.

-- One row. Empty, or of another life: the next append leaps.
CREATE TABLE log_life (
    life text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE log_life IS 'Which life of the database the last position was given in.';
COMMENT ON COLUMN log_life.life IS 'As this_log_life tells it.';
COMMENT ON COLUMN log_life.began_at IS 'When the first append noticed.';

-- Of the server, the timeline that its WAL is on, the table: a promotion and a recovery to a point in
-- time begin a timeline, and what a dump is read into is another server or another table.
CREATE FUNCTION this_log_life() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN format('server %s timeline %s table %s', (SELECT system_identifier FROM pg_control_system()),
                  left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 'log_life'::regclass::oid);
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
    RETURN format('table %s', 'log_life'::regclass::oid); -- a service that does not tell
END
$$;
COMMENT ON FUNCTION this_log_life IS 'Changes whenever the log may lack what it had.';

INSERT INTO log_life (life) VALUES (this_log_life());

-- 2^40: more than any log had lost, and there is room for millions of them. Who waited for the lock
-- finds it done; a leap whose transaction fails is made again, which does no harm.
CREATE FUNCTION keep_positions_rising() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    this text := this_log_life();
BEGIN
    IF EXISTS (SELECT FROM log_life WHERE life = this) THEN
        RETURN;
    END IF;
    LOCK TABLE log_life IN EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM log_life WHERE life = this) THEN
        RETURN;
    END IF;
    PERFORM setval('event_positions', last_value + 1099511627776) FROM event_positions;
    DELETE FROM log_life;
    INSERT INTO log_life (life) VALUES (this);
    RAISE LOG 'offerd: the log is on another life (%), its positions leap ahead of what may have been lost', this;
END
$$;
COMMENT ON FUNCTION keep_positions_rising IS 'Leaps ahead with the positions when the log may lack what it had.';

-- As it was, but for the first step under the lock.
CREATE OR REPLACE FUNCTION append_events(shops text[], ids text[], customer_ids text[], types text[],
                                         at bigint[], payloads text[], received bigint,
                                         rules text[], budget_maxes bigint[])
RETURNS TABLE (known bigint, "position" bigint, previous bigint, accepted bigint)
LANGUAGE plpgsql -- the plan is made once, maybe while the tables are empty: it must suit full ones
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    judged bigint[] := '{}'; -- ordinals of acceptances that count
    counts bigint[] := '{}';
    refused bigint[] := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(s.shop, 20261121))
    FROM (SELECT DISTINCT i.shop FROM unnest(shops) AS i (shop) ORDER BY i.shop) AS s;
    PERFORM keep_positions_rising();
    IF cardinality(rules) > 0 THEN
        SELECT coalesce(array_agg(j.ordinal) FILTER (WHERE j.accepted IS NOT NULL), '{}'),
               coalesce(array_agg(j.accepted) FILTER (WHERE j.accepted IS NOT NULL), '{}'),
               coalesce(array_agg(j.ordinal) FILTER (WHERE j.accepted IS NULL), '{}')
        INTO judged, counts, refused
        FROM judge_acceptances(shops, ids, rules, budget_maxes) AS j;
    END IF;
    RETURN QUERY
    WITH batch AS MATERIALIZED (
        SELECT i.*, e.position AS known, c.position AS previous,
               e.position IS NULL AND i.ordinal <> ALL (refused) AS is_new
        FROM (SELECT u.*, nextval('event_positions') AS position
              FROM unnest(shops, ids, customer_ids, types, at, payloads) WITH ORDINALITY
                   AS u (shop, event_id, customer_id, type, at_us, payload, ordinal)) AS i
        LEFT JOIN event_ids AS e ON e.shop = i.shop AND e.event_id = i.event_id
        LEFT JOIN customers AS c ON c.shop = i.shop AND c.customer_id = i.customer_id
    ), id AS (
        INSERT INTO event_ids (shop, event_id, position, received_us)
        SELECT b.shop, b.event_id, b.position, received FROM batch AS b WHERE b.is_new
    ), event AS (
        INSERT INTO events (position, shop, event_id, customer_id, type, at_us, received_us, payload)
        SELECT b.position, b.shop, b.event_id, b.customer_id, b.type, b.at_us, received, b.payload
        FROM batch AS b WHERE b.is_new
    ), customer AS (
        INSERT INTO customers AS c (shop, customer_id, position, received_us)
        SELECT b.shop, b.customer_id, max(b.position), received
        FROM batch AS b WHERE b.is_new AND b.customer_id IS NOT NULL GROUP BY b.shop, b.customer_id
        ON CONFLICT (customer_id, shop) DO UPDATE
        SET position = excluded.position, received_us = greatest(c.received_us, excluded.received_us)
    )
    SELECT b.known, CASE WHEN b.is_new THEN b.position END, b.previous,
           counts[array_position(judged, b.ordinal)]
    FROM batch AS b ORDER BY b.ordinal;
END
$$;
