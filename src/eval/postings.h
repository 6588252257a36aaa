/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/baskets.h"

/*
 * Postings
 *
 * Which orders hold a SKU: baskets turned round. 4 bytes a line, 8 a SKU. Immutable.
 */
struct postings {
    uint64_t *first;  /* SKU s is in orders[first[s] .. first[s + 1]) … */
    uint32_t *orders; /* … in the order of the baskets */
};

MUST_CHECK enum err postings_new(const struct baskets *baskets, struct postings **ret_postings);
struct postings *postings_free(struct postings *postings);
DEFINE_AUTO(struct postings, postings_free)
