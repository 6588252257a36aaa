-- SPDX-License-Identifier: Apache-2.0
-- Of one shop: another's may be committed before what stands in front of it in ours.
SELECT coalesce((SELECT position FROM events WHERE shop = $1::text
                 ORDER BY position DESC LIMIT 1), 0)
