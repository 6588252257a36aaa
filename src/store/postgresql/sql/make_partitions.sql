-- SPDX-License-Identifier: Apache-2.0
-- The month that $1 falls in, and the one a week later.
SELECT this.from_us, this.until_us
FROM make_event_partition($1::bigint) AS this,
     make_event_partition($1::bigint + 604800000000) AS soon
