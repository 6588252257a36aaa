-- SPDX-License-Identifier: Apache-2.0
SELECT customer_id, position FROM fleet_marks WHERE shop = $1::text
