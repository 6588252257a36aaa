-- SPDX-License-Identifier: Apache-2.0
SELECT position, event_id, customer_id, type, payload, at_us
FROM events
WHERE shop = $1::text AND type IN ('offer_shown', 'offer_accepted', 'offer_declined')
    AND position > $2::bigint
ORDER BY position
LIMIT $3::bigint
