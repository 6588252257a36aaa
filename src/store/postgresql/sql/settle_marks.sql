-- SPDX-License-Identifier: Apache-2.0
DELETE FROM fleet_marks AS f
USING unnest($2::text[], $3::bigint[]) AS m (customer_id, position)
WHERE f.shop = $1::text AND f.customer_id = m.customer_id AND f.position <= m.position
