/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rules/facts.h"
#include "shop/cart.h"
#include "shop/catalog.h"

/*
 * Plain items
 *
 * The items of a list that need not become the current one of the facts to tell a text of their
 * product: what is owned, and the lines of the cart. Borrows from the facts.
 */
struct plain_items {
    enum product_text text;         /* PRODUCT_TEXTS: they need to, and the rest is not set */
    const struct product *products; /* by number */
    const struct owned *owned;      /* or NULL, and they are … */
    const struct cart_line *lines;  /* … these */
    const char *numbers;            /* where those of their products stand, so far apart: */
    size_t bytes_apart;
};

/* @list: enum fact_list; @slot: the fact. */
struct plain_items plain_items_of(struct facts *facts, uint32_t list, uint32_t slot);

static inline uint32_t plain_number(struct plain_items items, uint32_t index)
{
    return *(const uint32_t *) (const void *) (items.numbers + index * items.bytes_apart);
}

/* TEXT_MARKS: not known. */
static inline uint32_t plain_mark(struct plain_items items, uint32_t index)
{
    uint32_t number = plain_number(items, index);
    return number == PRODUCT_NONE ? TEXT_MARKS : items.products[number].marks[items.text];
}

/* Of one that has a mark. */
static inline struct str plain_text(struct plain_items items, uint32_t index)
{
    return product_text(&items.products[plain_number(items, index)], items.text);
}

static inline struct str plain_sku(struct plain_items items, uint32_t index)
{
    return items.owned ? items.owned[index].sku : items.lines[index].sku;
}
