-- SPDX-License-Identifier: Apache-2.0
-- Customer by customer, each as read_customer does it: for = ANY ($2) the planner reads the whole log by position.
SELECT found.position, found.event_id, found.customer_id, found.type, found.payload, found.at_us
FROM unnest($2::text[]) AS wanted (customer_id)
CROSS JOIN LATERAL (
    SELECT position, event_id, customer_id, type, payload, at_us
    FROM events
    WHERE shop = $1::text AND customer_id = wanted.customer_id
    ORDER BY position
    LIMIT $3::bigint
) AS found
