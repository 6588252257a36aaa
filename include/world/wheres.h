/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"

struct catalog;
struct rule_products;
struct ruleset;

/*
 * Wheres
 *
 * Which products a pick's `where` takes. A `where` asks only about the product, so its answer is
 * known as soon as rules and catalogue are: one bit a product, worked out once, instead of an
 * evaluation (and a walk through the product's memory) for each companion of each cart. Rules
 * that say the same share their bits. Immutable, shared by the worlds of one pair of rules and
 * catalogue.
 *
 * Bounded: WHERES_MAX_ANSWERS in all (a megabyte of bits); beyond that a rule has none, and its
 * `where` is evaluated in the decision. The answers are the same (a test compares them).
 *
 * And what the rules' conditions ask of products, worked out
 * in the same way: rules/rule_products.h.
 */
enum { WHERES_MAX_ANSWERS = 8 << 20 };

struct wheres {
    struct snapshot snapshot; /* first */
    const uint64_t **of_rule; /* by rule number; NULL: evaluate */
    uint64_t *bits;
    struct rule_products *products; /* never NULL */
};

MUST_CHECK enum err wheres_new(const struct ruleset *rules, const struct catalog *catalog,
                               struct wheres **ret_wheres);
struct wheres *wheres_ref(struct wheres *wheres);
struct wheres *wheres_unref(struct wheres *wheres); /* NULL in, NULL out */
DEFINE_AUTO(struct wheres, wheres_unref)

/* *ret_takes when the answer is known; false: ask pick_takes. */
static inline bool wheres_know(const struct wheres *wheres, uint32_t rule, uint32_t product,
                               bool *ret_takes)
{
    const uint64_t *bits = wheres->of_rule[rule];
    if (!bits)
        return false;
    *ret_takes = bits[product / 64] >> product % 64 & 1;
    return true;
}
