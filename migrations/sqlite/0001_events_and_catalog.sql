-- SPDX-License-Identifier: Apache-2.0
-- The embedded store: the event log and the catalogue in one file. Built into the program;
-- PRAGMA user_version says how many of these files a database has seen. Each runs once, in
-- one transaction, and is never edited after a release.

-- What happened, in order, once. The truth: profiles and models are folds over it.
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT, -- rises, is never used again
    shop TEXT NOT NULL,
    event_id TEXT NOT NULL,                     -- the sender's; a repeat is not stored again
    customer_id TEXT,                           -- NULL: a guest
    type TEXT NOT NULL,                         -- order_placed, offer_shown, ...
    at_us INTEGER NOT NULL,                     -- when it happened; UTC, microseconds since 1970
    received_us INTEGER NOT NULL,               -- when it was stored
    payload TEXT NOT NULL                       -- the event as JSON, in our spelling
) STRICT;

CREATE UNIQUE INDEX events_once ON events (shop, event_id);
CREATE INDEX events_of_customer ON events (shop, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX events_orders ON events (shop) WHERE type = 'order_placed';

-- One catalogue a shop, replaced as a whole.
CREATE TABLE catalogs (
    shop TEXT PRIMARY KEY,
    currency TEXT NOT NULL, -- ISO 4217
    version INTEGER NOT NULL -- rises with every replacement
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    number INTEGER PRIMARY KEY, -- keeps the order of the file
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    name_ja TEXT, -- at least one of the names
    name_en TEXT,
    category TEXT,
    subcategory TEXT,
    brand TEXT,
    model TEXT,
    price_minor INTEGER NOT NULL, -- minor units of the catalogue's currency
    cost_minor INTEGER,           -- NULL: unknown
    stock INTEGER,                -- NULL: unknown, counts as in stock
    rating REAL NOT NULL,         -- 0 to 5 stars; 0: none
    reviews INTEGER NOT NULL,
    tags TEXT NOT NULL,           -- JSON: ["new", ...]
    attributes TEXT NOT NULL,     -- JSON: [["storage_gb", "128", 128], ["colour", "red"], ...]
    UNIQUE (shop, sku)
) STRICT;
