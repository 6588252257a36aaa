/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "model/copurchase.h"
#include "model/model.h"
#include "model/row.h"
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
struct exact { /* of a pair that was bought together PAIRS_MORE times or more */
    uint64_t slots;
    uint32_t orders;
};

enum {
    PAIRS_MORE = UINT16_MAX,
    PAIRS_MAX_SLOTS = 8192,
    PAIRS_BEHIND = 8, /* the last: who reads eight at a time may read so far */
};

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

struct block {                /* companions of rows; shared with the models made of this one */
    struct snapshot snapshot; /* first */
    struct companion at[];
};

struct keys {                 /* which is which; of this, decisions look at `known` alone */
    struct snapshot snapshot; /* first */
    uint32_t *
        id_of; /* product -> SKU of the counts, or COPURCHASE_NONE: of the one thread that makes models */
    uint32_t *trained_of; /* product -> SKU of the trained, or PRODUCT_NONE; NULL: no trained */
    uint32_t *of_trained; /* SKU of the trained -> product, or PRODUCT_NONE; NULL: no trained */
    bool *known; /* by product: the trained knows it and how likely it is wanted; NULL: none is */
};

enum { MODEL_BLOCKS = 64 };

struct model {
    struct snapshot snapshot; /* first */
    uint32_t n_products;
    struct row *rows; /* one a product; in: */
    struct block *blocks[MODEL_BLOCKS];
    uint32_t n_blocks;
    struct keys *keys;
    uint32_t *orders; /* product -> orders that held it */
    uint32_t *best_sellers;
    uint64_t total_orders, position;
    struct surge *surges; /* by from, to */
    uint32_t n_surges, surges_room;
    struct trained *trained; /* or NULL */
    struct moved *moved;     /* or NULL */
    const bool *known;       /* of keys */
    bool is_dense;
    struct dense dense;
    float history_weight;
};

struct model *model_blank(void); /* to be filled; NULL: no memory */

/* What sealing goes by. */
struct sealing {
    struct model *model;
    const struct keys *keys;
    const struct copurchase *counts;
    const uint32_t *product_of; /* SKU of the counts -> product, or PRODUCT_NONE */
    float recent_weight;
    float *recent; /* product -> recent orders that held it */
    float *worst;  /* product -> a score below which its row takes no more */
    bool no_room;
};

/* The trained knows both. */
static inline bool sealing_knows(const struct sealing *sealing, uint32_t x, uint32_t y)
{
    const uint32_t *trained_of = sealing->keys->trained_of;
    return trained_of && trained_of[x] != UINT32_MAX && trained_of[y] != UINT32_MAX;
}

/* How @x and @y go together by all orders. */
float seal_usual(const struct sealing *sealing, uint32_t x, uint32_t y, uint32_t orders);

/* Of the orders with @x, what share lately held both and was not to be expected from before; it is noted as a surge if it is one. */
float seal_lately(struct sealing *sealing, uint32_t x, uint32_t y, struct copurchased both);

/* There is something to say of the two that the trained does not. */
bool seal_adds(const struct sealing *sealing, uint32_t x, uint32_t y, float recent);

struct block *block_new(size_t companions);

/* Of @model with its keys and trained; the rest is the caller's. */
void sealing_init(struct sealing *sealing, struct model *model, const struct copurchase *counts);

/* Rows of what counts and a trained of lists say together. */
struct merging {
    struct sealing *sealing;
    uint32_t *place;           /* product -> its place in row, 1 the first; 0: not in it */
    struct companion *row;     /* being made: what the product speaks for … */
    uint32_t n, most;          /* … of which so many are kept at most … */
    struct companion *against; /* … and against */
    uint32_t n_against, against_most;
};
MUST_CHECK enum err merging_init(struct merging *m, struct sealing *sealing);
void merging_deinit(struct merging *m);

/*
 * Makes the row of @product of what model->rows holds so far, and the trained says besides. It is at @to, with room for
 * most + against_most; row->room says how much it takes.
 */
void merge_row(struct merging *m, uint32_t product, struct companion *to);

/* Trained of lists: the rows of all products. */
MUST_CHECK enum err seal_lists(struct sealing *sealing);

/* TRAINED_DENSE: fills dense. */
MUST_CHECK enum err seal_slots(struct sealing *sealing);

/* @sums = the sum of @n_rows rows of @n weights. */
void dense_sum_rows(float *sums, const float *const *rows, uint32_t n_rows, uint32_t n);

/* Fills rows, dense and keys, from @counts (or NULL) and model->trained; model->orders is known. */
MUST_CHECK enum err model_seal(struct model *model, const struct catalog *catalog,
                               const struct copurchase *counts, const uint32_t *product_of);

int surges_by_products(const void *left, const void *right); /* for qsort and bsearch */

/* Most ordered first, ties by product: for qsort. */
struct popular {
    int64_t by;
    uint32_t product;
};
int popular_first(const void *left, const void *right);

/* surge.share, or 0 when there is none. */
float model_surge(const struct model *model, uint32_t from, uint32_t to);

/* In how many orders both were, as far as the model tells; 0 also when it does not. */
uint32_t model_orders_of_both(const struct model *model, uint32_t a, uint32_t b);
