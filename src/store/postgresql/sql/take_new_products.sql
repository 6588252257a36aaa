-- SPDX-License-Identifier: Apache-2.0
INSERT INTO products (shop, number, sku, name_ja, name_en, category, subcategory, brand, model,
                      price_minor, cost_minor, stock, rating, reviews, tags, attributes)
SELECT $1::text, number, sku, name_ja, name_en, category, subcategory, brand, model,
       price_minor, cost_minor, stock, rating, reviews, tags, attributes
FROM new_products
