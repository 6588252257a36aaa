-- SPDX-License-Identifier: Apache-2.0
-- The spool: events that were accepted while the event log was away, until they are in it. A
-- file of its own (spool.db). Built into the program; PRAGMA user_version says how many of
-- these files a spool has seen. Each runs once, in one transaction, and is never edited after
-- a release.
CREATE TABLE spooled (
    place INTEGER PRIMARY KEY AUTOINCREMENT, -- rises, is never used again, also when all is drained
    shop TEXT NOT NULL,
    event_id TEXT NOT NULL,                  -- the sender's; a repeat is not stored again
    customer_id TEXT,                        -- NULL: a guest
    type TEXT NOT NULL,                      -- order_placed, offer_shown, ...
    at_us INTEGER NOT NULL,                  -- when it happened; UTC, microseconds since 1970
    received_us INTEGER NOT NULL,            -- when it was spooled
    payload TEXT NOT NULL,                   -- the event as JSON, in our spelling
    rule TEXT,                               -- of an offer's event
    anonymous_id TEXT                        -- customer_identified: who the customer was
) STRICT;

CREATE UNIQUE INDEX spooled_once ON spooled (shop, event_id);
CREATE INDEX spooled_of_customer ON spooled (shop, customer_id) WHERE customer_id IS NOT NULL;

-- What the log would not have whatever is done (its own word in reason): set aside, so that
-- it does not hold up what comes after, and kept for a person to look at.
CREATE TABLE set_aside (
    place INTEGER PRIMARY KEY,
    shop TEXT NOT NULL,
    event_id TEXT NOT NULL,
    customer_id TEXT,
    type TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    payload TEXT NOT NULL,
    rule TEXT,
    anonymous_id TEXT,
    reason TEXT NOT NULL
) STRICT;

-- Which spool this is, among those of all replicas, also after a restart: what tells one
-- replica's mark on a customer from another's.
CREATE TABLE identity (
    mark INTEGER NOT NULL -- below 2^60
) STRICT;
INSERT INTO identity (mark) VALUES (random() & 0x0fffffffffffffff);
