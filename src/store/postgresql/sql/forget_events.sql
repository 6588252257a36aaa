-- SPDX-License-Identifier: Apache-2.0
-- The month that $1 falls in stays, earlier ones go, a step at a time.
SELECT CASE WHEN forget_events(month.from_us, $2::bigint::integer) THEN 1::bigint ELSE 0::bigint END
FROM month_of($1::bigint) AS month
