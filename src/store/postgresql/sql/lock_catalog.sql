-- SPDX-License-Identifier: Apache-2.0
-- Replacements of one shop take turns, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 20261122))
