-- SPDX-License-Identifier: Apache-2.0
SELECT version, currency FROM catalogs WHERE shop = $1::text
