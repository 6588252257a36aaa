/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "rules/ruleset.h"
#include "shop/catalog.h"

struct world;

/*
 * Compare
 *
 * Two products of @world side by side: the rows of the table that an answer gives for what is
 * offered in place of something else.
 */
struct compare_row {
    const struct attr_label *label; /* NULL: the shop named no attributes */
    const struct attr *base, *offered;
    int order; /* +1 the offered one is better, -1 worse, 0 only different */
};

/*
 * What is better, what is worse, what only differs. Room for PRODUCT_MAX_ATTRS. Borrowed from
 * @world.
 */
uint32_t compare_rows(const struct world *world, const struct product *base,
                      const struct product *offered, struct compare_row *ret_rows);
