/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "model/trained.h"

struct weights;

/*
 * Weight lists
 *
 * What makers of weights (weights.h) share when these are lists:
 * of each SKU its strongest edges, one list behind the other.
 */
struct weights *weight_lists_new(uint32_t n_skus); /* empty, TRAINED_LISTS; NULL: no memory */

/*
 * All @edges from one SKU -> the strongest by absolute value first, at most @top;
 * how many they are. Equally strong: the smaller number first. Those of 0 go.
 */
uint32_t weight_lists_strongest(struct trained_edge *edges, uint32_t n, uint32_t top);

/* Moves the lists together: list s is at edges + first[s], counts[s] long. */
void weight_lists_close_gaps(struct weights *weights, const uint32_t *counts);
