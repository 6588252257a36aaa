-- SPDX-License-Identifier: Apache-2.0
-- The rest of the transaction is ours alone; the table that counts is there in any case.
SELECT pg_advisory_xact_lock(hashtextextended('offerd/migrate', 0));
CREATE TABLE IF NOT EXISTS schema_versions (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
