-- SPDX-License-Identifier: Apache-2.0
DELETE FROM products WHERE shop = $1::text
