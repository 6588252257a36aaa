/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "eval/method.h"

/*
 * Ranking
 *
 * Asks a method every case of a trial. The rank of the hidden SKU is 1 + how many SKUs of the
 * training, the cart's left out, score higher; equal scores are told apart by popularity, and who
 * is equal in that too stands on one rank.
 */
struct ranking_watch { /* told after each case; @go_on false ends the asking with ERR_UNAVAILABLE */
    void *self;
    bool (*go_on)(void *self, uint32_t done, uint32_t all);
};

/*
 * @ret_ranks: one for each case; RANK_NEVER for a hidden SKU the training never saw. @watch may be
 * NULL.
 */
MUST_CHECK enum err ranking_run(const struct trial *trial, struct method *method,
                                const struct ranking_watch *watch, uint32_t *ret_ranks);
