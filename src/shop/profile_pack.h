/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "shop/customer.h"

/*
 * Profile pack
 *
 * How a profile lies in its one heap block: the profile itself, its arrays (owned, rules, the touches
 * rule by rule, viewed: all of 8-byte alignment; then the hints), then the texts (customer id, first name, SKUs owned,
 * rule and group of each rule, SKUs viewed). Equal profiles have equal blocks but for the
 * pointers and hints in them. Private to those that make profiles.
 */
struct profile_sizes {
    uint32_t n_owned, n_rules, n_touches, n_viewed; /* touches of all rules together */
    size_t text_bytes;                              /* of all texts together */
};

/* A block to be filled from front to back: nothing in it is set. */
struct profile_block {
    struct profile *profile;
    struct owned *owned;
    struct rule_memory *rules;
    struct touch *touches;
    struct str *viewed;
    uint32_t *hints; /* these are: there is none */
    char *texts, *end;
};

/* ERR_NOMEM, or a block whose profile is the caller's (profile_free). */
MUST_CHECK enum err profile_block_new(const struct profile_sizes *sizes,
                                      struct profile_block *ret_block);

/* @draft, whose arrays and texts lie anywhere, as one block. */
MUST_CHECK enum err profile_pack(const struct profile *draft, struct profile **ret_profile);
