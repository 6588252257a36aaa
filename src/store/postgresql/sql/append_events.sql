-- SPDX-License-Identifier: Apache-2.0
-- One transaction; everything is done by the function, see migrations/postgresql.
SELECT known, "position", previous, accepted
FROM append_events($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                   $7::bigint, $8::text[], $9::bigint[])
