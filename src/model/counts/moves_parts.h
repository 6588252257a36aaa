/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/strmap.h"
#include "model/moves.h"

/*
 * Moves parts
 *
 * The fold (moves.c) as the one who seals it (moved.c) reads it. Purchases stand in one array
 * in the order of the log; each customer's hang together, the last one first. Of a customer
 * there is no more than the hash of the id: two with one hash would be one customer here,
 * which among 3 million happens in one of four million shops.
 */
#define PURCHASE_NONE UINT32_MAX

struct purchase {
    uint32_t sku;
    uint32_t next;  /* the same customer's one before, or PURCHASE_NONE */
    uint32_t order; /* 1 … */
    int64_t at_us;
};

struct chain {         /* a customer's purchases; n 0: a free slot */
    uint64_t customer; /* hash */
    uint32_t last, n;
};

struct chains { /* open addressing, at most three quarters full */
    struct chain *slots;
    size_t n_slots, n; /* a power of two; of them taken */
};

struct ids {             /* SKUs as numbers */
    struct arena *arena; /* texts */
    struct strmap *numbers;
    struct str *texts;
    uint32_t n, room;
};

struct moves {
    size_t max_purchases;
    struct ids skus;
    struct chains customers;
    struct purchase *purchases;
    size_t n, room;
    uint64_t position, orders;
};
