/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "model/copurchase.h"
#include "model/model.h"
#include "model/trained.h"

/*
 * Model parts
 *
 * What a sealed model is made of, for the files that make it (model.c, model_*.c) and the one that reads it
 * row by row (completion.c).
 *
 * A row holds what a product speaks for. With a trained of TRAINED_DENSE the rows hold only what is to be added to its
 * weights, and the weights are read from the trained itself, in slots: slot s is its SKU s, and behind those come the products that
 * were sold but that it does not know. Then `pairs` tells how many orders held two of its SKUs.
 */
struct row {
    const struct companion *at; /* best first */
    uint32_t n, room;
    uint32_t
        n_against; /* behind those: what it speaks against, strongest first; from a trained of lists */
};

struct exact { /* of a pair that was bought together PAIRS_MORE times or more */
    uint64_t slots;
    uint32_t orders;
};

enum { PAIRS_MORE = UINT16_MAX, PAIRS_MAX_SLOTS = 8192 };

struct dense {
    uint32_t n_known, n_slots; /* the trained's SKUs; and all */
    uint32_t *slot_of;         /* product -> slot, or PRODUCT_NONE */
    uint32_t *product_of;      /* slot -> product, or PRODUCT_NONE */
    uint16_t *pairs;           /* n_known * n_known; NULL past PAIRS_MAX_SLOTS */
    struct exact *exact;       /* by slots */
    uint32_t n_exact, exact_room;
};

struct surge {         /* what is bought together more often lately than it used to be */
    uint32_t from, to; /* products */
    float share;       /* of the recent orders with @from, those that held @to, carefully */
};

struct model {
    struct snapshot snapshot; /* first */
    uint32_t n_products;
    struct row *rows;             /* one a product */
    struct companion *companions; /* of all rows, one behind the other */
    uint32_t *orders;             /* product -> orders that held it */
    uint32_t *best_sellers;
    uint64_t total_orders, position;
    struct surge *surges; /* by from, to */
    uint32_t n_surges, surges_room;
    struct trained *trained; /* or NULL */
    struct moved *moved;     /* or NULL */
    bool *known; /* by product: the trained knows it and how likely it is wanted; NULL: none is */
    bool is_dense;
    struct dense dense;
    float history_weight;
};

/* What sealing goes by. */
struct sealing {
    struct model *model;
    const struct copurchase *counts;
    const uint32_t *product_of; /* SKU id of the counts -> product number, or PRODUCT_NONE */
    float recent_weight;
    float *recent;        /* product -> recent orders that held it */
    uint32_t *id_of;      /* product -> SKU id of the counts, or COPURCHASE_NONE */
    uint32_t *trained_of; /* product -> SKU of the trained, or PRODUCT_NONE; NULL: no trained */
    bool no_room;
};

/* Better first; a total order, so the result does not depend on the order of the pairs. */
static inline bool companion_better(const struct companion *a, const struct companion *b)
{
    return a->score != b->score ? a->score > b->score : a->product < b->product;
}

/* The trained knows both. */
static inline bool sealing_knows(const struct sealing *sealing, uint32_t x, uint32_t y)
{
    const uint32_t *trained_of = sealing->trained_of;
    return trained_of && trained_of[x] != UINT32_MAX && trained_of[y] != UINT32_MAX;
}

/* TRAINED_DENSE: fills dense. @product_of: by the trained's SKUs. */
MUST_CHECK enum err seal_slots(struct sealing *sealing, uint32_t *product_of);

/* TRAINED_LISTS: merges them into the rows. @product_of: the same. */
MUST_CHECK enum err seal_lists(struct sealing *sealing, const uint32_t *product_of);

/* Fills rows and dense, from @counts (or NULL) and model->trained; model->orders is known. */
MUST_CHECK enum err model_seal(struct model *model, const struct catalog *catalog,
                               const struct copurchase *counts, const uint32_t *product_of);

/* surge.share, or 0 when there is none. */
float model_surge(const struct model *model, uint32_t from, uint32_t to);

/* In how many orders both were, as far as the model tells; 0 also when it does not. */
uint32_t model_orders_of_both(const struct model *model, uint32_t a, uint32_t b);
