/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Delivery
 *
 * Marks that are delivered one part after the other; what is said meanwhile comes after them.
 * Copies the ids. One thread.
 */
struct delivery;
struct mark;

struct delivery *delivery_new(void); /* NULL for lack of memory */
struct delivery *delivery_free(struct delivery *delivery);
DEFINE_AUTO(struct delivery, delivery_free)

/* As marks_raise (marks.h). */
MUST_CHECK enum err delivery_raise(struct delivery *delivery, struct str customer_id,
                                   uint64_t position);

/* How many are still to be delivered: one said anew while it is under way counts twice. */
uint32_t delivery_count(const struct delivery *delivery);

/* The next, @most at the most; borrowed until they are done. The same again until then. */
const struct mark *delivery_part(struct delivery *delivery, uint32_t most, uint32_t *ret_n);
void delivery_done(struct delivery *delivery, uint32_t n); /* the first @n of the part */
