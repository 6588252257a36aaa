/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"

struct catalog;

/*
 * Content
 *
 * Which products are alike by what the catalogue says of them: what a product that nobody has
 * bought yet can be recommended by. Each product is a set of features (category, subcategory, brand, model,
 * tags, attribute values, words of its names; of Japanese names pairs of characters), weighted by how few products
 * have them (inverse document frequency: Sparck Jones 1972); two products are as alike as the cosine of their
 * sets, and less so the further their prices lie apart.
 *
 * Immutable, made once for a catalogue off the request path, shared by reference. Bounded: a product is compared
 * with those that share its rarest features, CONTENT_LOOKED of them at most, so 100,000 products take seconds.
 */
enum { CONTENT_TOP = 16, CONTENT_LOOKED = 1024 };

struct alike {
    uint32_t product;
    float score; /* above 0, at most 1 */
};

struct content;
MUST_CHECK enum err content_new(const struct catalog *catalog, struct content **ret_content);
struct content *content_ref(struct content *content);
struct content *content_unref(struct content *content); /* NULL in, NULL out */
DEFINE_AUTO(struct content, content_unref)

/* The likest first, then by number; never itself. Borrowed. */
const struct alike *content_alike(const struct content *content, uint32_t product, uint32_t *ret_n);
