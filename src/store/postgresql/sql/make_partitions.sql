-- SPDX-License-Identifier: Apache-2.0
-- The month that $1 falls in, and the one a week later; what time it is here.
SELECT this.from_us, this.until_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM make_event_partition($1::bigint) AS this,
     make_event_partition($1::bigint + 604800000000) AS soon
