/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"
#include "model/baskets.h"
#include "model/trained.h"

/*
 * Train
 *
 * Orders -> trained. Each SKU is predicted from the others of its basket by ridge regression on
 * the weighted co-occurrence matrix G = X'WX (a linear item-item autoencoder: Steck 2019,
 * "Embarrassingly shallow autoencoders for sparse data"; W: half-life and basket size). For
 * catalogues whose inverse fits this is solved as a whole; else, or where it measures better, for
 * each SKU among its nearest neighbours only (as Ning and Karypis 2011 choose the features of
 * SLIM), which takes memory and time in proportion to the catalogue.
 *
 * Beside it, counts of pairs, alone or mixed with it
 * (model/train/weights_mix.h): better where pairs are seldom seen.
 *
 * Which way, half-life, ridge, the counts' share, how much the customer's own history
 * counts (nothing, where it does not help) are chosen on an inner split: the last fifth
 * by time of @baskets is held back, each choice is measured on it as `offerd eval`
 * measures, and the winner is trained again on everything. The same baskets and settings
 * give the same bytes, however the work is spread over threads.
 */
struct train_settings {
    /*
     * Calls @work(context, i) for each i below @n, in any order, on as many threads
     * as it likes, and returns when all are done. NULL: one after the other.
     */
    void (*parallel)(void *self, uint32_t n, void (*work)(void *context, uint32_t i),
                     void *context);
    uint64_t memory_bytes; /* what it may take beside @baskets; 0: 3 GB */
    uint32_t top;          /* TRAINED_LISTS: kept of each SKU; 0: the default */
    int64_t now_us;        /* becomes facts.trained_us */
    uint64_t position;     /* becomes facts.position */
    /*
     * Or NULL. Called now and then on the caller's thread; @part
     * of 1; false: stop, ERR_UNAVAILABLE.
     */
    bool (*progress)(void *self, const char *what, double part);
    void *self;
    /* or NULL; these, and nothing is chosen (figures are measured still) */
    const struct trained_parameters *fixed;
};

/*
 * Appends the file's bytes to @out (trained_open reads them). ERR_INPUT with a
 * note: too few orders to learn anything from (fewer than 2 SKUs or no order
 * of two); ERR_LIMIT: it does not fit memory_bytes.
 */
MUST_CHECK enum err train(const struct baskets *baskets, const struct train_settings *settings,
                          struct out *out, struct err_note *note);
