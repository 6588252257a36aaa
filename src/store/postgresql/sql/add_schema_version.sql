-- SPDX-License-Identifier: Apache-2.0
INSERT INTO schema_versions (version, name) VALUES ($1::bigint::integer, $2::text)
