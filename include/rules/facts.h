/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "expr/expr.h"
#include "shop/cart.h"
#include "shop/catalog.h"
#include "shop/profile.h"

/*
 * Facts
 *
 * What a condition may ask: the vocabulary of rule files ("cart.total", "item.category"),
 * each word a slot with a type, and the scope that answers them for one request. A fact
 * nobody told us is unknown, and unknown does not fire a rule.
 *
 * The caller fills the public part; it is borrowed. One facts per request, on its thread.
 */
enum fact {
#define FACT(id, name, type, unit) FACT_##id,
#include "rules/fact_words.inc"
#undef FACT
    FACTS,
    FACT_ATTR_FIRST = 1024, /* slot FACT_ATTR_FIRST + n: attribute n of the ruleset's list, of the current item */
};

enum fact_type { TYPE_BOOL, TYPE_NUMBER, TYPE_MONEY, TYPE_PERCENT, TYPE_STRING, TYPE_WORDS, TYPE_TIME, TYPE_LIST };

enum fact_list { LIST_CART, LIST_TRIGGER, LIST_OWNED, LIST_CANDIDATE };

struct facts {
    struct expr_scope scope; /* first: facts_init sets it */
    const struct catalog *catalog;
    const struct cart *cart;
    const struct profile *memory;  /* always, for caps; NULL for a guest */
    const struct profile *person;  /* only with consent; NULL = nothing is known of the person */
    const struct cart_line *trigger_line; /* the item just added, or NULL */
    const struct product *trigger;        /* its product, or NULL */
    const struct str *attr_names;         /* the ruleset's attribute list */
    int64_t now_us;
    struct str channel, country, language, device; /* or absent */
    int64_t order_total_minor; /* trigger post_purchase; -1 = not told */

    /* The current element of the list being walked; a `where` sets candidate by facts_candidate. */
    const struct cart_line *item_line; /* or NULL: catalogue price, no quantity */
    const struct product *item;        /* or NULL: a SKU the catalogue does not know */
    struct str item_sku;
    int64_t item_bought_us; /* LIST_OWNED */
};

/* Sets the scope's functions; the caller sets the rest. */
void facts_init(struct facts *facts);

/* The current item := one product of the catalogue (for `where` on what a pick found). */
void facts_candidate(struct facts *facts, const struct product *product);

/* "cart.total" … ; "attr.storage_gb" needs the ruleset's list, see lowering.h. */
const char *fact_name(uint32_t slot);
enum fact_type fact_type(uint32_t slot);
bool fact_of(struct str name, enum fact *ret_fact);
