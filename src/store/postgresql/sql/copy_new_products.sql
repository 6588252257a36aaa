-- SPDX-License-Identifier: Apache-2.0
COPY new_products (number, sku, name_ja, name_en, category, subcategory, brand, model, price_minor,
                   cost_minor, stock, rating, reviews, tags, attributes)
FROM STDIN (FORMAT binary)
