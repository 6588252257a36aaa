/* SPDX-License-Identifier: Apache-2.0 */
/* What one product answers of itself; catalog.c is about all of them. */
#include "shop/catalog.h"

struct str product_text(const struct product *product, enum product_text text)
{
    static const size_t places[PRODUCT_TEXTS] = {
        [TEXT_CATEGORY] = offsetof(struct product, category),
        [TEXT_SUBCATEGORY] = offsetof(struct product, subcategory),
        [TEXT_BRAND] = offsetof(struct product, brand),
        [TEXT_MODEL] = offsetof(struct product, model),
    };
    return *(const struct str *) (const void *) ((const char *) product + places[text]);
}

const struct attr *product_attr(const struct product *product, struct str name)
{
    for (uint32_t i = 0; i < product->n_attrs; i++)
        if (str_eq(product->attrs[i].name, name))
            return &product->attrs[i];
    return NULL;
}

bool product_has_tag(const struct product *product, struct str tag)
{
    for (uint32_t i = 0; i < product->n_tags; i++)
        if (str_eq(product->tags[i], tag))
            return true;
    return false;
}

bool product_in_stock(const struct product *product)
{
    return product->stock != 0;
}

bool product_margin_bp(const struct product *product, int64_t price_minor, int64_t *ret_bp)
{
    if (product->cost_minor == COST_UNKNOWN || price_minor <= 0)
        return false;
    /* In 128 bits, rounded down: a margin is never said to be better than it is. */
    __int128 gain = ((__int128) price_minor - product->cost_minor) * 10000;
    __int128 share = gain / price_minor;
    *ret_bp = (int64_t) (share - (gain < 0 && gain % price_minor != 0));
    return true;
}
