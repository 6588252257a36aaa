/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "expr/cel_value.h"
#include "rules/term.h"
#include "shop/cart.h"
#include "shop/catalog.h"
#include "shop/customer.h"

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
    /*
     * Attribute n of the ruleset's list, of the current item: FACT_ATTR_FIRST
     * + n is its number (its text when it is none), FACT_ATTR_TEXT_FIRST + n
     * its text as written, whatever it looks like.
     */
    FACT_ATTR_FIRST = 1024,
    FACT_ATTR_TEXT_FIRST = 1 << 20,
};

enum fact_type {
    TYPE_BOOL,
    TYPE_NUMBER,
    TYPE_MONEY,
    TYPE_PERCENT,
    TYPE_STRING,
    TYPE_WORDS,
    TYPE_TIME,
    TYPE_LIST,
    TYPE_ATTR, /* a number or text, product by product */
};

enum fact_list { LIST_CART, LIST_TRIGGER, LIST_OWNED, LIST_TAGS, LIST_CONSENT };

struct facts;
struct facts_cel;

/* What CEL sees of lists and attributes: facts_cel.c's own. */
struct facts_list {
    struct cel_list list; /* first */
    struct facts *facts;
    enum fact_list which;
    const struct product *product; /* LIST_TAGS: whose */
};
struct facts_map {
    struct cel_map map; /* first */
    struct facts *facts;
    bool as_text;
};

struct facts {
    struct term_scope scope; /* first: facts_init sets it */
    const struct catalog *catalog;
    const struct cart *cart;
    const struct profile *memory; /* always, for caps; NULL for a guest */
    const struct profile *person; /* only with consent; NULL = nothing is known of the person */
    const struct cart_line *trigger_line; /* the item just added, or NULL */
    const struct product *trigger;        /* its product, or NULL */
    const struct str *attr_names;         /* the ruleset's attribute list */
    int64_t now_us;
    struct str channel, country, language, device; /* or absent */
    int64_t order_total_minor;                     /* trigger post_purchase; -1 = not told */

    /* The current element of the list being walked; a `where` sets candidate by facts_candidate. */
    const struct cart_line *item_line; /* or NULL: catalogue price, no quantity */
    const struct product *item;        /* or NULL: a SKU the catalogue does not know */
    struct str item_sku;
    int64_t item_bought_us; /* LIST_OWNED; else 0 */
    int64_t item_quantity;  /* 0 = not known */

    /*
     * For conditions written as CEL (facts_cel.h): memory of one evaluation, emptied after
     * each; NULL: they are unknown. How many came to nothing by an error or their limit.
     */
    struct arena *scratch;
    uint32_t stopped;
    /*
     * Is there time left? Asked each EXPR_LOOK_STEPS steps, counted over all that are evaluated.
     * After the first no they are late: unknown, as is what they have a part in. NULL: for ever.
     */
    bool (*has_time)(void *owner);
    void *owner;
    bool late;
    uint32_t steps_left; /* until it is asked; 0: all of them. Facts' own, as the next four */
    const struct facts_cel *cel;
    const struct product *offered;
    struct facts_list lists[LIST_CONSENT + 1];
    struct facts_map attrs[2];

    /* The products of person->owned, looked up once a request: facts' own. */
    const struct profile *resolved;
    uint32_t owned_products[PROFILE_MAX_OWNED];
};

/* Sets the scope's functions, and what is facts' own; the caller sets the rest. */
void facts_init(struct facts *facts);

/* The current item := one product of the catalogue (for `where` on what a pick found). */
void facts_candidate(struct facts *facts, const struct product *product);

/*
 * The products of person->owned, PROFILE_MAX_OWNED at most; PRODUCT_NONE: the
 * catalogue does not know it. Looked up together, once; there is a person.
 */
const uint32_t *facts_owned_products(struct facts *facts);

/* "cart.total"; "attr" for an attribute: its name is the ruleset's, see fact_names. */
const char *fact_name(uint32_t slot);
enum fact_type fact_type(uint32_t slot);
bool fact_of(struct str name, enum fact *ret_fact);

/* For term_print. @attr_name borrowed; gives the name of attribute n. */
struct fact_names {
    struct term_names names; /* first */
    struct str (*attr_name)(const void *self, uint32_t n);
    const void *self;
};
struct fact_names fact_names(struct str (*attr_name)(const void *self, uint32_t n),
                             const void *self);

/* The same from an array such as ruleset_attr_names gives. */
struct fact_names fact_names_of(const struct str *attr_names);
