/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "shop/catalog.h"

/*
 * Product lists
 *
 * A product's tags and attributes as the stores keep them, JSON in two columns:
 * ["new", …] and [["storage_gb", "128", 128], ["colour", "red"], …]. What print and read give is
 * borrowed until the next call.
 */
struct product_lists;

struct product_lists *product_lists_new(void); /* NULL for lack of memory */
struct product_lists *product_lists_free(struct product_lists *lists);
DEFINE_AUTO(struct product_lists, product_lists_free)

MUST_CHECK enum err product_lists_print(struct product_lists *lists, const struct product *product,
                                        struct str *ret_tags, struct str *ret_attrs);

/* Into @product, whose SKU is named in the note of an ERR_CORRUPT. */
MUST_CHECK enum err product_lists_read(struct product_lists *lists, struct str tags,
                                       struct str attrs, struct product *product,
                                       struct err_note *note);
