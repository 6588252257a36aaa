/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct catalog;

/*
 * Content index
 *
 * Which products have which features, and how much each tells of them, while content.c looks for products alike.
 * Features are numbered from 0 in the order of their hashes; one that a single product has makes nobody alike, so it has no
 * number: it only adds to the product's length and to how many were looked at.
 *
 * @postings of a feature are the first INDEX_POSTINGS of its products, by number; @holders is how many there are.
 */
enum { INDEX_POSTINGS = 1024, INDEX_AHEAD = 24 };

struct posting {
    uint32_t product;
    float weight;
};

struct held { /* a product's feature */
    uint32_t feature;
    float weight;
};

struct content_index {
    uint32_t n_products, n_features;
    uint32_t *holders; /* of feature f */
    uint32_t *first;   /* feature f's postings are postings[first[f] .. first[f + 1]) */
    struct posting *postings;
    uint32_t *held_first; /* product p's features are held[held_first[p] .. held_first[p + 1]) */
    struct held *
        held; /* by feature; the squares of a product's weights, alone ones included, add up to 1 */
    uint8_t *n_alone; /* of product p: features that no other has */
};

MUST_CHECK enum err content_index_new(const struct catalog *catalog,
                                      struct content_index **ret_index);
struct content_index *content_index_free(struct content_index *index); /* NULL in, NULL out */
DEFINE_AUTO(struct content_index, content_index_free)
