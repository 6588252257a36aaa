-- SPDX-License-Identifier: Apache-2.0
-- Who may call our functions; an index for outcomes; forgetting that looks at nothing twice.

-- A log of millions of orders and few offers was read from end to end for them. This locks appends
-- while it is made, unless the months' tables have such an index already: docs/production.md, "A new version".
CREATE INDEX events_outcomes ON events (shop, position)
    WHERE type IN ('offer_shown', 'offer_accepted', 'offer_declined');
COMMENT ON INDEX events_outcomes IS 'What became of offers, in the order of the log.';

-- What has no partitions is looked through once a month, some blocks at a time, whoever's turn it is.
-- No index tells there what is old: one on customers would cost with every event, and the one on
-- event_ids was of no use once rows of all months stood beside one another.
DROP INDEX event_ids_received;

CREATE TABLE forgetting (
    what text PRIMARY KEY,
    before_us bigint NOT NULL,
    block bigint
);
COMMENT ON TABLE forgetting IS 'How far forgetting has come with the tables that have no partitions.';
COMMENT ON COLUMN forgetting.what IS 'The table.';
COMMENT ON COLUMN forgetting.before_us IS 'What was received before that is forgotten; UTC, microseconds since 1970.';
COMMENT ON COLUMN forgetting.block IS 'The next block to look at; NULL: all were.';
INSERT INTO forgetting (what, before_us) VALUES ('event_ids', 0), ('customers', 0);

-- One step of forgetting what is older than keep_us; false when there is nothing left to do. Events
-- go with the partitions of their months, then their ids, then the customers who have no later ones.
-- The earlier of the two clocks counts: one machine that takes this for 2036 forgets nothing.
-- Everybody waits behind who waits to drop a table, so that is given up soon and tried again later.
CREATE FUNCTION forget_step(now_us bigint, keep_us bigint, blocks integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '50ms' AS $$
DECLARE
    server_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    cut_us bigint := (month_of(least(now_us, server_us) - keep_us)).from_us;
    old text;
    walk forgetting;
BEGIN
    SELECT c.oid::regclass::text INTO old
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events'::regclass
      AND substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''?(-?\d+)')::bigint <= cut_us
    ORDER BY c.relname LIMIT 1;
    IF old IS NOT NULL THEN
        EXECUTE 'DROP TABLE ' || old;
        RETURN true;
    END IF;
    SELECT * INTO walk FROM forgetting AS f WHERE f.before_us < cut_us OR f.block IS NOT NULL
    ORDER BY f.what DESC LIMIT 1 FOR UPDATE SKIP LOCKED; -- another replica is at it
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF walk.before_us < cut_us THEN
        walk.before_us := cut_us;
        walk.block := 0;
    END IF;
    EXECUTE format('DELETE FROM %I WHERE ctid >= $1 AND ctid < $2 AND received_us < $3', walk.what)
    USING format('(%s,0)', walk.block)::tid, format('(%s,0)', walk.block + blocks)::tid, walk.before_us;
    walk.block := walk.block + blocks;
    IF walk.block * current_setting('block_size')::bigint >= pg_relation_size(walk.what::regclass) THEN
        walk.block := NULL;
    END IF;
    UPDATE forgetting AS f SET before_us = walk.before_us, block = walk.block WHERE f.what = walk.what;
    RETURN true;
END
$$;
COMMENT ON FUNCTION forget_step IS 'Drops one partition of events that is old, else deletes what is old in some blocks of ids or customers.';

-- The version before goes on running: it forgets nothing, and nobody is asked to by another name.
CREATE OR REPLACE FUNCTION forget_events(before_us bigint, step integer) RETURNS boolean
LANGUAGE sql AS $$ SELECT false $$;
COMMENT ON FUNCTION forget_events IS 'Forgets nothing any more; forget_step does.';

-- Functions may be called by who was allowed to, not by everybody: some run as their owner. Those look
-- for tables in their own schema first, never among the temporary ones of who calls. Who may write
-- events keeps what everybody had.
DO $$
DECLARE
    home regnamespace := (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass);
    ours record;
    writer regrole;
BEGIN
    FOR ours IN
        SELECT p.oid::regprocedure AS name, p.prosecdef AS as_owner FROM pg_proc AS p
        WHERE p.pronamespace = home AND p.proname IN (
            'append_events', 'forget_events', 'forget_step', 'judge_acceptances', 'keep_positions_rising',
            'make_event_partition', 'month_of', 'this_log_life')
    LOOP
        IF ours.as_owner THEN
            EXECUTE format('ALTER FUNCTION %s SET search_path = %s, pg_temp', ours.name, home);
        END IF;
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', ours.name);
        FOR writer IN
            SELECT DISTINCT a.grantee FROM pg_class AS c, aclexplode(c.relacl) AS a
            WHERE c.oid = 'events'::regclass AND a.privilege_type = 'INSERT' AND a.grantee NOT IN (0, c.relowner)
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', ours.name, writer);
        END LOOP;
    END LOOP;
END
$$;
