-- SPDX-License-Identifier: Apache-2.0
SELECT coalesce(max(position), 0) FROM events
