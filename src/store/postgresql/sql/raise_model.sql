-- SPDX-License-Identifier: Apache-2.0
-- The row locks out other publishers until the transaction ends.
INSERT INTO trained_models AS m (shop, version, bytes) VALUES ($1::text, 1, $2::bigint)
ON CONFLICT (shop) DO UPDATE SET version = m.version + 1, bytes = excluded.bytes, published_at = now()
