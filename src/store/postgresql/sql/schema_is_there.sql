-- SPDX-License-Identifier: Apache-2.0
SELECT CASE WHEN to_regclass('schema_versions') IS NULL THEN 0::bigint ELSE 1::bigint END
