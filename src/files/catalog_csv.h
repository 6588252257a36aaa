/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "files/csv_reader.h"
#include "files/csv_tally.h"
#include "files/csv_value.h"

struct catalog;

/*
 * Catalogue file
 *
 * A shop's catalogue as CSV, one product a row, columns in any order:
 *
 *   sku (StockCode, id)   price (list_price, unit_price, price_median)       must be there
 *   name (title, description), name_ja, name_en, cost (standard_cost), category, subcategory,
 *   brand, model, stock, rating, reviews, tags (separated by |)
 *
 * Every other column is an attribute of the product; one that reads as a plain number is a
 * number. An empty field is unknown. Negative stock is what shops that sell ahead export for a
 * product that is oversold: none is left, so it is 0, and counted (tally->oversold), not refused:
 * the product would be gone from the catalogue with its name and price. A SKU that comes again
 * replaces the row before it (tally->merged).
 */
/*
 * *ret_catalog holds every product that was not refused. ERR_INPUT for a file or a header
 * that cannot be read, for orders (orders_csv_is_header), or when amounts show that the assumed
 * currency is not the shop's.
 */
MUST_CHECK enum err catalog_csv_read(const char *path, const struct csv_money *money,
                                     const struct csv_progress *progress, struct csv_tally *tally,
                                     struct catalog **ret_catalog, struct err_note *note);

/* The same from memory. */
MUST_CHECK enum err catalog_csv_read_bytes(struct str bytes, const struct csv_money *money,
                                           struct csv_tally *tally, struct catalog **ret_catalog,
                                           struct err_note *note);

/* Whether @header has what every catalogue must have. */
bool catalog_csv_is_header(const struct csv_row *header);
