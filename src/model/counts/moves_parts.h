/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/strmap.h"
#include "model/moves.h"

/*
 * Moves parts
 *
 * The fold (moves.c) as the one who seals it (moved.c) reads it. Purchases stand in one array in the order of the log; each
 * customer's hang together, the last one first.
 */
#define PURCHASE_NONE UINT32_MAX

struct purchase {
    uint32_t customer, sku;
    uint32_t next;  /* the same customer's one before, or PURCHASE_NONE */
    uint32_t order; /* 1 … */
    int64_t at_us;
};

struct chain { /* a customer's purchases */
    uint32_t last, n;
};

struct ids { /* texts as numbers */
    struct strmap *numbers;
    struct str *texts;
    uint32_t n, room;
};

struct moves {
    size_t max_purchases;
    struct arena *arena; /* texts */
    struct ids customers, skus;
    struct chain *chains; /* of each customer */
    uint32_t chains_room;
    struct purchase *purchases;
    size_t n, room;
    uint64_t position, orders;
};
