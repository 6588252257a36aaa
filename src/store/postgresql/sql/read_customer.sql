-- SPDX-License-Identifier: Apache-2.0
SELECT position, event_id, customer_id, type, payload, at_us
FROM events
WHERE shop = $1::text AND customer_id = $2::text AND position > $3::bigint
ORDER BY position
