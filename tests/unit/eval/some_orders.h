/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>
#include <string.h>

#include "eval/trial.h"
#include "suite.h"

/*
 * Some orders
 *
 * A few orders written down in a test, and the trial made of them.
 */
struct written_order {
    const char *id, *customer; /* NULL: a guest */
    int days;                  /* since the first of all days; 0: without a time */
    const char *skus;          /* "A B C" */
};

enum { SOME_MOST = 64, DAY_OF_US = 86400 };

static inline struct str next_word(const char **text)
{
    size_t len = strcspn(*text, " ");
    struct str word = { *text, len };
    *text += len + ((*text)[len] == ' ');
    return word;
}

static inline struct baskets *some_orders(const struct written_order *written, uint32_t n,
                                          struct str ids[SOME_MOST])
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    struct baskets *baskets = NULL;
    for (uint32_t i = 0; i < n; i++) {
        struct str skus[SOME_MOST];
        uint32_t n_skus = 0;
        for (const char *p = written[i].skus; *p;)
            skus[n_skus++] = next_word(&p);
        ids[i] = str_of(written[i].id);
        ck_assert_int_eq(baskets_builder_add(builder,
                                             (int64_t) written[i].days * DAY_OF_US * 1000000,
                                             str_of(written[i].customer), skus, n_skus, NULL),
                         OK);
    }
    ck_assert_int_eq(baskets_builder_seal(builder, &baskets), OK);
    return baskets;
}
