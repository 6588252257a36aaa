/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: item blocks
 *
 * {category: camera, unit_price: {at_least: 50000}}: true of one item when all of it is.
 */
#include "rules/lowering_parts.h"

struct lowering_attr {
    uint32_t number;
    struct str name;
    struct lowering_attr *next;
};

static const struct {
    const char *word;
    enum fact fact;
    bool of_candidate; /* known of a product that nobody has put into a cart or bought */
} items[] = {
    { "sku", FACT_ITEM_SKU, true },
    { "category", FACT_ITEM_CATEGORY, true },
    { "subcategory", FACT_ITEM_SUBCATEGORY, true },
    { "brand", FACT_ITEM_BRAND, true },
    { "model", FACT_ITEM_MODEL, true },
    { "tag", FACT_ITEM_TAG, true },
    { "unit_price", FACT_ITEM_UNIT_PRICE, true },
    { "list_price", FACT_ITEM_LIST_PRICE, true },
    { "quantity", FACT_ITEM_QUANTITY, false },
    { "in_stock", FACT_ITEM_IN_STOCK, true },
    { "stock", FACT_ITEM_STOCK, true },
    { "margin", FACT_ITEM_MARGIN, true },
    { "rating", FACT_ITEM_RATING, true },
    { "age_days", FACT_ITEM_AGE_DAYS, false },
};
enum { ITEMS = sizeof items / sizeof *items };

static const char *const item_words[] = {
    "sku",        "category",   "subcategory", "brand",    "model", "tag",
    "unit_price", "list_price", "quantity",    "in_stock", "stock", "margin",
    "rating",     "age_days",   "attr.NAME",   NULL,
};
_Static_assert(sizeof item_words / sizeof *item_words == ITEMS + 2, "every word is told");

static const char *const later[] = { "digital", "subscription", NULL };

/* The number of an attribute, remembered with its name. */
static bool find_attr(struct lowering *lowering, const struct doc_node *member, uint32_t *ret_slot)
{
    struct str name = member->key;
    name.at += sizeof "attr." - 1;
    name.len -= sizeof "attr." - 1;
    if (name.len == 0) {
        lowering_guess(lowering, member->key_place, DIAG_ITEM_WORD, member->key, item_words);
        return false;
    }
    name = arena_copy(lowering->arena, name);
    struct lowering_attr *attr = arena_take(lowering->arena, sizeof *attr);
    if (!name.at || !attr)
        return lowering_too_big(lowering, member) != NULL;
    *attr = (struct lowering_attr){ lowering->attr(lowering->self, name), name, lowering->attrs };
    lowering->attrs = attr;
    *ret_slot = FACT_ATTR_FIRST + attr->number;
    return true;
}

struct str lowering_attr_name(const void *lowering, uint32_t n)
{
    const struct lowering_attr *attr = ((const struct lowering *) lowering)->attrs;
    while (attr && attr->number != n)
        attr = attr->next;
    return attr ? attr->name : STR("");
}

static bool is_for_later(struct str word)
{
    for (size_t i = 0; later[i]; i++)
        if (str_is(word, later[i]))
            return true;
    return false;
}

static bool find_subject(struct lowering *lowering, const struct doc_node *member, bool candidate,
                         struct subject *ret_subject)
{
    *ret_subject = (struct subject){ .word = member->key };
    if (str_starts_with(member->key, STR("attr."))) {
        ret_subject->type = TYPE_ATTR;
        return find_attr(lowering, member, &ret_subject->slot);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        if (!str_is(member->key, items[i].word))
            continue;
        if (candidate && !items[i].of_candidate) {
            lowering_fault(lowering, member->key_place, DIAG_ITEM_NOT_CANDIDATE, member->key,
                           nothing(), nothing());
            return false;
        }
        ret_subject->slot = items[i].fact;
        ret_subject->type = fact_type(items[i].fact);
        return true;
    }
    lowering_guess(lowering, member->key_place, DIAG_ITEM_WORD, member->key, item_words);
    return false;
}

static const struct term *lower_member_of_item(struct lowering *lowering,
                                               const struct doc_node *member, bool candidate)
{
    struct subject subject;

    if (is_for_later(member->key))
        return lowering_not_yet(lowering, member, item_words);
    if (!find_subject(lowering, member, candidate, &subject))
        return NULL;
    return lower_matcher(lowering, &subject, member);
}

const struct term *lower_item_block(struct lowering *lowering, const struct doc_node *mapping,
                                    bool candidate)
{
    struct block block = { .n = 0 };

    if (!lowering_is_mapping(lowering, mapping, "{category: camera}"))
        return NULL;
    for (const struct doc_node *member = mapping->first; member; member = member->next)
        block_add(lowering, &block, member, lower_member_of_item(lowering, member, candidate));
    return block_all(lowering, mapping, &block);
}

const struct term *lower_item(struct lowering *lowering, const struct doc_node *mapping)
{
    lowering->nodes = 0;
    return lower_item_block(lowering, mapping, true);
}
