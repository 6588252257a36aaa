/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Marks
 *
 * Customers, each with the highest log position that was said of them. Copies the ids. One thread.
 *
 * As many as are said: some 40 to 80 bytes each, and the id. Once cleared a few pages are
 * kept, so that what an outage of an hour has gathered is not held for the rest of the year.
 */
struct marks;

struct mark {
    struct str customer_id; /* NUL behind it; the set's own */
    uint64_t position;
    uint32_t times; /* how often it was said */
};

struct marks *marks_new(void); /* NULL for lack of memory */
struct marks *marks_free(struct marks *marks);
DEFINE_AUTO(struct marks, marks_free)

/* Position 0 counts as said, and raises nothing. */
MUST_CHECK enum err marks_raise(struct marks *marks, struct str customer_id, uint64_t position);

/* NULL when it was never said, or since the last clear. */
const struct mark *marks_find(const struct marks *marks, struct str customer_id);

/* In the order they were first said; borrowed until the next raise or clear. */
const struct mark *marks_all(const struct marks *marks, uint32_t *ret_n);

void marks_clear(struct marks *marks);

size_t marks_bytes(const struct marks *marks); /* of memory it takes */
