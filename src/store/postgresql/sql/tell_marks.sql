-- SPDX-License-Identifier: Apache-2.0
-- Stored and, with the commit, heard. In the order of the keys, so that two do not lock each other.
WITH told AS (
    INSERT INTO fleet_marks AS f (shop, customer_id, position)
    SELECT $1::text, m.customer_id, max(m.position)
    FROM unnest($2::text[], $3::bigint[]) AS m (customer_id, position)
    GROUP BY m.customer_id ORDER BY m.customer_id
    ON CONFLICT (customer_id, shop) DO UPDATE SET position = greatest(f.position, excluded.position)
)
SELECT pg_notify('offerd_marks', payload) FROM unnest($4::text[]) AS payload
