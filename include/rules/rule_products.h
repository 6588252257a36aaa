/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct catalog;
struct rule_index;

/*
 * Rule products
 *
 * What the products of a catalogue have of all that rules ask for. A decision's cart and
 * what its customer owns are mostly products that the catalogue knows, and of those the
 * SKU, category, brand, tags, attributes, list price and stock say the same whoever asks:
 * so for each rule index they are looked up once, product by product, and a cursor
 * (rule_index.h) takes their numbers instead of reading the product, hashing its texts and
 * finding them. A cursor answers the same without (a test compares them); what the line
 * decides (unit price, quantity, margin, age) it asks as ever.
 *
 * Made off the request path, for one pair of rules and catalogue; immutable after, for
 * any number of threads. Bounded: RULE_PRODUCTS_MAX_LOOKUPS of a field of a product (0.1
 * to 0.3 us each, half a second in all, so that a saved rule is still live within one)
 * and RULE_PRODUCTS_MAX_BYTES in all (usually 20 to 40 bytes a product and index); the
 * longest lists first, an index that does not fit is left out.
 */
struct rule_products;

enum { RULE_PRODUCTS_MAX_LOOKUPS = 2 << 20, RULE_PRODUCTS_MAX_BYTES = 64 << 20 };

/*
 * @indexes: as rule_index_build gives them, NULL among them; borrowed, as @catalog, until
 * rule_products_free. ERR_NOMEM.
 */
MUST_CHECK enum err rule_products_new(const struct rule_index *const *indexes, uint32_t n_indexes,
                                      const struct catalog *catalog, const struct str *attr_names,
                                      struct rule_products **ret_products);
struct rule_products *rule_products_free(struct rule_products *products); /* NULL in, NULL out */
DEFINE_AUTO(struct rule_products, rule_products_free)

size_t rule_products_bytes(const struct rule_products *products); /* for the bench and tests */
