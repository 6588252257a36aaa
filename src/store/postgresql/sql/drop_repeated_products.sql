-- SPDX-License-Identifier: Apache-2.0
-- Of the products with one SKU the last counts.
DELETE FROM new_products AS p
USING (SELECT sku, max(number) AS last FROM new_products GROUP BY sku HAVING count(*) > 1) AS r
WHERE p.sku = r.sku AND p.number < r.last
