/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/baskets.h"

/*
 * Pair rows
 *
 * With what a SKU was bought, and in how many orders; counted in orders of up to PAIR_ROWS_BASKET
 * SKUs when it is asked for, and kept for the next time while there is room: memory is bounded
 * whatever the catalogue.
 */
enum { PAIR_ROWS_BASKET = 60 };

struct pair_rows;

struct pair_row {
    const uint32_t *skus; /* borrowed until the next call */
    const float *orders;  /* that held both */
    uint32_t n;
};

MUST_CHECK enum err pair_rows_new(const struct baskets *baskets, struct pair_rows **ret_rows);
struct pair_rows *pair_rows_free(struct pair_rows *rows);
DEFINE_AUTO(struct pair_rows, pair_rows_free)

struct pair_row pair_rows_get(struct pair_rows *rows, uint32_t sku);

/* Counted orders that held it, at least 1: never a division by zero. */
float pair_rows_single(const struct pair_rows *rows, uint32_t sku);
