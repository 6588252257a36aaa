-- SPDX-License-Identifier: Apache-2.0
-- Heard by every fleet when the transaction is committed.
WITH raised AS (
    INSERT INTO catalogs AS c (shop, currency, version) VALUES ($1::text, $2::text, 1)
    ON CONFLICT (shop) DO UPDATE SET currency = excluded.currency, version = c.version + 1
    RETURNING shop
)
SELECT pg_notify('offerd_catalog', shop) FROM raised
