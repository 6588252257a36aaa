-- SPDX-License-Identifier: Apache-2.0
-- Held by the session: it ends with the connection.
SELECT pg_try_advisory_lock(hashtext('offerd training'), hashtext($1::text))::int::bigint
