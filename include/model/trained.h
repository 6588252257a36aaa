/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/out.h"
#include "base/snapshot.h"
#include "base/str.h"
#include "model/calibration.h"

/*
 * Trained
 *
 * What a trainer found out from a shop's orders: for each SKU, how much having it in the cart speaks for
 * (or against) every other one, and how far to trust that beside what the customer buys again and what
 * happened lately. Numbers its own SKUs; the catalogue comes in when a model is sealed (model.h).
 *
 * Immutable, shared by reference. Its bytes are its file: read in place (mmap), little-endian, with
 * version, checksum and provenance. Two forms:
 *
 * - TRAINED_DENSE, for small catalogues: all weights, n_skus * n_skus floats. Weights below zero matter there:
 *   of two bikes one is bought.
 * - TRAINED_LISTS: of each SKU the strongest, at most trained_facts.top of them.
 */
enum trained_form { TRAINED_DENSE, TRAINED_LISTS };

struct trained_edge {
    uint32_t sku; /* a number of this trained's */
    float weight;
};

/* Chosen for this shop on the last part of the training orders: see train.h. */
struct trained_parameters {
    float half_life_days; /* of an order's weight */
    float size_power;     /* an order of n SKUs weighs n^-size_power */
    float ridge;          /* lambda */
    uint32_t support;     /* 0: solved as a whole; else for each SKU among so many neighbours */
    float history_weight; /* w of completion.h: how much the customer's own history counts */
    float recent_weight;  /* of what was bought together lately, see model.h; 0: the usual */
    float counts_share;   /* 0: the regression alone; 1: counts of pairs alone; else a mix */
};

/* Measured on that last part, which the measured weights had not seen. */
struct trained_figures {
    uint32_t cases;
    float hit10, mrr20;                 /* without the customer's earlier orders */
    float hit10_history, mrr20_history; /* with them */
    float hit10_popular, mrr20_popular; /* best sellers only: the ground */
};

struct trained_facts {
    enum trained_form form;
    uint32_t n_skus, top;
    uint64_t n_orders, n_lines, position; /* log position of the last order; 0: not from a log */
    int64_t first_us, last_us;            /* of the orders */
    int64_t trained_us;                   /* when: the caller's clock */
    struct trained_parameters parameters;
    struct trained_figures figures;
};

struct trained;

/*
 * Reads @bytes in place; they must stay until @release (or NULL) is called with @owner, when the last reference is gone.
 * Bytes from outside: ERR_CORRUPT with a note for anything that does not add up (version, checksum, bounds), and then
 * @release is not called.
 */
MUST_CHECK enum err trained_open(struct str bytes, void (*release)(void *owner, struct str bytes),
                                 void *owner, struct trained **ret_trained, struct err_note *note);
struct trained *trained_ref(struct trained *trained);   /* NULL in, NULL out */
struct trained *trained_unref(struct trained *trained); /* NULL in, NULL out */
DEFINE_AUTO(struct trained, trained_unref)

struct str trained_bytes(const struct trained *trained); /* its file */
const struct trained_facts *trained_facts(const struct trained *trained);
struct str trained_sku(const struct trained *trained, uint32_t sku);
uint32_t trained_find(const struct trained *trained,
                      struct str sku); /* UINT32_MAX: not among them */
float trained_popularity(const struct trained *trained,
                         uint32_t sku); /* decayed orders that held it */

/* TRAINED_LISTS: strongest (by absolute weight) first. TRAINED_DENSE: NULL. */
const struct trained_edge *trained_edges(const struct trained *trained, uint32_t sku,
                                         uint32_t *ret_n);
/* TRAINED_DENSE: n_skus weights, the SKU's own is 0. TRAINED_LISTS: NULL. */
const float *trained_row(const struct trained *trained, uint32_t sku);

/* How likely what it finds is wanted; NULL: nothing was learned of that. */
const struct calibration *trained_calibration(const struct trained *trained);

/* What a trainer hands over, and the file's bytes of it. */
struct trained_parts {
    struct trained_facts facts;
    const struct str *skus;
    const float *popularity;
    const float *weights;  /* TRAINED_DENSE: row by row … */
    const uint64_t *first; /* … TRAINED_LISTS: edges[first[sku] .. first[sku + 1]) */
    const struct trained_edge *edges;
    const struct calibration *calibration; /* or NULL */
};
MUST_CHECK enum err trained_write(const struct trained_parts *parts, struct out *out);
