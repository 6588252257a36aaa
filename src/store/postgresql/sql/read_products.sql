-- SPDX-License-Identifier: Apache-2.0
SELECT sku, name_ja, name_en, category, subcategory, brand, model, price_minor,
       cost_minor, stock, rating, reviews, tags, attributes
FROM products WHERE shop = $1::text ORDER BY number
