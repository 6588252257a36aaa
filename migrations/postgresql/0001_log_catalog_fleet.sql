-- SPDX-License-Identifier: Apache-2.0
-- What a fleet shares: event log, catalogue, marks. Run by `offerd migrate`, once, in one
-- transaction; never edited after a release. `offerd migrate` has made schema_versions before.
-- Every key has the shop in it. Keys compare byte by byte (COLLATE "C"): nobody sorts them for people,
-- it is several times faster, and an index outlives a change of the system's collations.

COMMENT ON TABLE schema_versions IS 'Which files of migrations/postgresql this database has seen.';
COMMENT ON COLUMN schema_versions.version IS 'The number a file''s name begins with.';
COMMENT ON COLUMN schema_versions.name IS 'The file''s name.';
COMMENT ON COLUMN schema_versions.applied_at IS 'When it was run.';

-- Below 2^62: positions from there on are provisional, places in a spool.
CREATE SEQUENCE event_positions AS bigint MAXVALUE 4611686018427387903;
COMMENT ON SEQUENCE event_positions IS 'Positions in the event log; numbers may be left out.';

CREATE TABLE events (
    position bigint NOT NULL,
    shop text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C",
    type text NOT NULL,
    at_us bigint NOT NULL,
    received_us bigint NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (position, received_us)
) PARTITION BY RANGE (received_us);

CREATE INDEX events_of_customer ON events (customer_id, shop, position)
    WHERE customer_id IS NOT NULL;
CREATE INDEX events_orders ON events (shop, position) WHERE type = 'order_placed';

COMMENT ON TABLE events IS 'What happened, in order, once: the truth. A partition for each month of received_us.';
COMMENT ON COLUMN events.position IS 'Rises in the order of the commits of one shop.';
COMMENT ON COLUMN events.shop IS 'Whose event it is.';
COMMENT ON COLUMN events.event_id IS 'The sender''s; once a shop, held by event_ids.';
COMMENT ON COLUMN events.customer_id IS 'NULL: a guest''s.';
COMMENT ON COLUMN events.type IS 'order_placed, offer_shown, ...';
COMMENT ON COLUMN events.at_us IS 'When it happened; UTC, microseconds since 1970.';
COMMENT ON COLUMN events.received_us IS 'When it was stored; UTC, microseconds since 1970.';
COMMENT ON COLUMN events.payload IS 'The event as JSON, in our spelling.';

-- Whether an event is there already, whichever month it came in.
CREATE TABLE event_ids (
    shop text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    received_us bigint NOT NULL,
    PRIMARY KEY (event_id, shop)
);
CREATE INDEX event_ids_received ON event_ids USING brin (received_us);

COMMENT ON TABLE event_ids IS 'Every event''s id: a repeat is not stored again.';
COMMENT ON COLUMN event_ids.shop IS 'Whose event it is.';
COMMENT ON COLUMN event_ids.event_id IS 'The sender''s id.';
COMMENT ON COLUMN event_ids.position IS 'Where the event stands.';
COMMENT ON COLUMN event_ids.received_us IS 'As in events: the id is forgotten with the event.';

-- Updated with every batch: room on each page for the next version of its rows.
CREATE TABLE customers (
    shop text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    received_us bigint NOT NULL,
    PRIMARY KEY (customer_id, shop)
) WITH (fillfactor = 70);

COMMENT ON TABLE customers IS 'How far the log has come with each customer.';
COMMENT ON COLUMN customers.shop IS 'Whose customer.';
COMMENT ON COLUMN customers.customer_id IS 'The shop''s name for the customer.';
COMMENT ON COLUMN customers.position IS 'Of the customer''s last event.';
COMMENT ON COLUMN customers.received_us IS 'When that event was stored; UTC, microseconds since 1970.';

CREATE TABLE budgets (
    shop text COLLATE "C" NOT NULL,
    rule text COLLATE "C" NOT NULL,
    accepted bigint NOT NULL,
    PRIMARY KEY (shop, rule)
) WITH (fillfactor = 50);

COMMENT ON TABLE budgets IS 'How often each rule was accepted: what its budget is held against.';
COMMENT ON COLUMN budgets.shop IS 'Whose rule.';
COMMENT ON COLUMN budgets.rule IS 'The rule''s id.';
COMMENT ON COLUMN budgets.accepted IS 'offer_accepted events of the rule, forgotten ones included.';

CREATE TABLE catalogs (
    shop text COLLATE "C" PRIMARY KEY,
    currency text NOT NULL,
    version bigint NOT NULL
);

COMMENT ON TABLE catalogs IS 'One catalogue a shop, replaced as a whole.';
COMMENT ON COLUMN catalogs.shop IS 'Whose catalogue.';
COMMENT ON COLUMN catalogs.currency IS 'ISO 4217, of all its amounts.';
COMMENT ON COLUMN catalogs.version IS 'Rises with every replacement.';

CREATE TABLE products (
    shop text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    sku text COLLATE "C" NOT NULL,
    name_ja text,
    name_en text,
    category text,
    subcategory text,
    brand text,
    model text,
    price_minor bigint NOT NULL,
    cost_minor bigint,
    stock bigint,
    rating double precision NOT NULL,
    reviews bigint NOT NULL,
    tags text NOT NULL,
    attributes text NOT NULL,
    PRIMARY KEY (shop, number),
    UNIQUE (shop, sku)
);

COMMENT ON TABLE products IS 'What is in the catalogues.';
COMMENT ON COLUMN products.shop IS 'Whose product.';
COMMENT ON COLUMN products.number IS 'Keeps the order of the file.';
COMMENT ON COLUMN products.sku IS 'The shop''s name for the product.';
COMMENT ON COLUMN products.name_ja IS 'Japanese name; at least one of the names is there.';
COMMENT ON COLUMN products.name_en IS 'English name.';
COMMENT ON COLUMN products.category IS 'NULL: unknown.';
COMMENT ON COLUMN products.subcategory IS 'NULL: unknown.';
COMMENT ON COLUMN products.brand IS 'NULL: unknown.';
COMMENT ON COLUMN products.model IS 'NULL: unknown.';
COMMENT ON COLUMN products.price_minor IS 'Minor units of the catalogue''s currency.';
COMMENT ON COLUMN products.cost_minor IS 'The same; NULL: unknown.';
COMMENT ON COLUMN products.stock IS 'Pieces; NULL: unknown, counts as in stock.';
COMMENT ON COLUMN products.rating IS '0 to 5 stars; 0: none.';
COMMENT ON COLUMN products.reviews IS 'How many people have rated it.';
COMMENT ON COLUMN products.tags IS 'JSON: ["new", ...].';
COMMENT ON COLUMN products.attributes IS 'JSON: [["storage_gb", "128", 128], ["colour", "red"], ...].';

CREATE TABLE fleet_marks (
    shop text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (customer_id, shop)
);

COMMENT ON TABLE fleet_marks IS 'Customers whose shared profile may be older than the log.';
COMMENT ON COLUMN fleet_marks.shop IS 'Whose customer.';
COMMENT ON COLUMN fleet_marks.customer_id IS 'The shop''s name for the customer.';
COMMENT ON COLUMN fleet_marks.position IS 'What the log has come to with the customer.';

-- The month that an instant of received_us falls in: [from_us, until_us), UTC.
CREATE FUNCTION month_of(us bigint, OUT from_us bigint, OUT until_us bigint, OUT name text)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    first timestamp := date_trunc('month', to_timestamp(us / 1000000) AT TIME ZONE 'UTC');
BEGIN
    from_us := extract(epoch FROM first)::bigint * 1000000;
    until_us := extract(epoch FROM first + interval '1 month')::bigint * 1000000;
    name := 'events_' || to_char(first, 'YYYY_MM');
END
$$;
COMMENT ON FUNCTION month_of IS 'Bounds and name of the partition of events that holds an instant.';

-- Attached rather than made in place: neither readers nor appenders of other months wait.
CREATE FUNCTION make_event_partition(us bigint, OUT from_us bigint, OUT until_us bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month record := month_of(us);
BEGIN
    from_us := month.from_us;
    until_us := month.until_us;
    IF to_regclass(quote_ident(month.name)) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('offerd/partitions', 0));
        IF to_regclass(quote_ident(month.name)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING COMMENTS)', month.name);
            EXECUTE format('COMMENT ON TABLE %I IS ''The events of one month.''', month.name);
            EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                           month.name, month.from_us, month.until_us);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION make_event_partition IS 'Makes the month''s partition of events when it is not there; its bounds.';

-- One step of forgetting; false when there is nothing left to forget. before_us is the first
-- instant of a month: events of earlier months go with their partitions, then their ids, then
-- the customers who have no later ones. Everybody waits behind who waits to drop a table, so that
-- is given up soon and tried again later.
CREATE FUNCTION forget_events(before_us bigint, step integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '50ms' AS $$
DECLARE
    old text;
    gone bigint;
BEGIN
    SELECT c.oid::regclass::text INTO old
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events'::regclass
      AND substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''?(\d+)')::bigint <= before_us
    ORDER BY c.relname LIMIT 1;
    IF old IS NOT NULL THEN
        EXECUTE 'DROP TABLE ' || old;
        RETURN true;
    END IF;
    DELETE FROM event_ids WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_ids WHERE received_us < before_us LIMIT step));
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone = 0 THEN
        DELETE FROM customers WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM customers WHERE received_us < before_us LIMIT step));
        GET DIAGNOSTICS gone = ROW_COUNT;
    END IF;
    RETURN gone > 0;
END
$$;
COMMENT ON FUNCTION forget_events IS 'Drops one partition of events that is old, else deletes some old ids or customers.';

-- Acceptances are judged one by one, in the order of the batch, before anything is stored.
-- What was refused and what each rule had when is told by ordinal.
CREATE FUNCTION judge_acceptances(shops text[], ids text[], rules text[], budget_maxes bigint[])
RETURNS TABLE (ordinal bigint, accepted bigint) -- accepted NULL: refused
LANGUAGE plpgsql AS $$
DECLARE
    claim record;
    had bigint;
    stood bigint;
BEGIN
    FOR claim IN
        SELECT i.shop, i.rule, array_agg(i.n ORDER BY i.n) AS ordinals, array_agg(i.most ORDER BY i.n) AS most
        FROM unnest(shops, ids, rules, budget_maxes) WITH ORDINALITY AS i (shop, event_id, rule, most, n)
        WHERE i.rule IS NOT NULL
          AND NOT EXISTS (SELECT FROM event_ids e WHERE e.shop = i.shop AND e.event_id = i.event_id)
        GROUP BY i.shop, i.rule
    LOOP
        SELECT b.accepted INTO had FROM budgets b WHERE b.shop = claim.shop AND b.rule = claim.rule;
        had := coalesce(had, 0);
        stood := had;
        FOR k IN 1 .. cardinality(claim.ordinals) LOOP
            ordinal := claim.ordinals[k];
            accepted := NULL;
            IF claim.most[k] <= 0 OR had < claim.most[k] THEN
                had := had + 1;
                accepted := had;
            END IF;
            RETURN NEXT;
        END LOOP;
        IF had > stood THEN
            INSERT INTO budgets AS b (shop, rule, accepted) VALUES (claim.shop, claim.rule, had)
            ON CONFLICT (shop, rule) DO UPDATE SET accepted = excluded.accepted;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION judge_acceptances IS 'Counts a batch''s acceptances against their rules'' budgets.';

-- A whole batch, its event ids different from one another. One statement, so that the lock is
-- taken only after the server has all of the batch, and positions are given under it: their
-- order is that of the commits. The statements after the lock see what was committed before
-- it was got. A row for each event, in order:
--   known     where an event of this id stood already; NULL: it did not
--   position  where it stands now; NULL: known, or refused
--   previous  of the customer's last event before the batch
--   accepted  of an acceptance: its rule's, this one included
CREATE FUNCTION append_events(shops text[], ids text[], customer_ids text[], types text[],
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
COMMENT ON FUNCTION append_events IS 'Appends a batch of events, each once; a row for each.';
