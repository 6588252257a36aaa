-- SPDX-License-Identifier: Apache-2.0
SELECT customer_id, position
FROM customers
WHERE shop = $1::text AND received_us >= $2::bigint
