/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/plain_items.h"

static enum product_text text_of(uint32_t slot)
{
    switch (slot) {
    case FACT_ITEM_CATEGORY: return TEXT_CATEGORY;
    case FACT_ITEM_SUBCATEGORY: return TEXT_SUBCATEGORY;
    case FACT_ITEM_BRAND: return TEXT_BRAND;
    case FACT_ITEM_MODEL: return TEXT_MODEL;
    default: return PRODUCT_TEXTS;
    }
}

struct plain_items plain_items_of(struct facts *facts, uint32_t list, uint32_t slot)
{
    struct plain_items items = { .text = PRODUCT_TEXTS };
    if (!facts->catalog || catalog_count(facts->catalog) == 0)
        return items;
    items.products = catalog_product(facts->catalog, 0);
    if (list == LIST_OWNED) {
        items.text = text_of(slot);
        items.owned = facts->person->owned;
        items.numbers = (const char *) facts_owned_products(facts);
        items.bytes_apart = sizeof facts->owned_products[0];
    } else if (list == LIST_CART && facts->cart->n_lines > 0) {
        items.text = text_of(slot);
        items.lines = facts->cart->lines;
        items.numbers = (const char *) &facts->cart->lines->product;
        items.bytes_apart = sizeof *facts->cart->lines;
    }
    return items;
}
