/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "shop/catalog.h"

/*
 * Content features
 *
 * What the catalogue says of a product, as numbers: a feature is the hash of what it is and what it says, with how much
 * such a feature tells. The same words give the same number in every catalogue.
 */
enum { FEATURES_MAX = 96 };

struct feature {
    uint64_t hash;
    float weight;
};

/* *ret_features has room for FEATURES_MAX; returns how many. One may come twice. */
uint32_t content_features(const struct product *product, struct feature *ret_features);
