-- SPDX-License-Identifier: Apache-2.0
CREATE TEMPORARY TABLE new_products (LIKE products INCLUDING DEFAULTS) ON COMMIT DROP;
ALTER TABLE new_products ALTER shop DROP NOT NULL
