/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "base/str.h"
#include "base/text_mark.h"
#include "shop/locale.h"

/*
 * Catalog
 *
 * What the shop sells. Built once by a catalog_builder, immutable after, shared by
 * reference between any number of threads. A product is known by its number, 0 up to
 * catalog_count; everything inside is borrowed from the catalogue.
 */
enum { PRODUCT_MAX_ATTRS = 64, PRODUCT_MAX_TAGS = 32 };
#define PRODUCT_NONE  UINT32_MAX
#define COST_UNKNOWN  INT64_C(-1)
#define STOCK_UNKNOWN INT64_C(-1) /* the shop does not say: counts as in stock */

struct attr {
    struct str name; /* the column of the catalogue file, as written: "storage_gb" */
    struct str text; /* as written, never empty */
    double number;   /* when is_number */
    bool is_number;
};

/* What a product says of itself in one text each. */
enum product_text { TEXT_CATEGORY, TEXT_SUBCATEGORY, TEXT_BRAND, TEXT_MODEL, PRODUCT_TEXTS };

struct product {
    struct str sku;
    struct str name[LOCALES]; /* never absent: a missing language falls back to the other */
    struct str category, subcategory, brand, model; /* absent when unknown */
    int64_t price_minor;
    int64_t cost_minor; /* or COST_UNKNOWN */
    int64_t stock;      /* or STOCK_UNKNOWN */
    double rating;      /* 0–5 stars; 0 = none */
    int64_t reviews;
    const struct str *tags;
    const struct attr *attrs; /* in the order of the file's columns */
    uint32_t n_tags, n_attrs;
    uint32_t kind; /* products of one kind (category + subcategory) share this number */
    uint8_t marks[PRODUCT_TEXTS]; /* text_mark of each; TEXT_MARKS when absent */
};

struct catalog;
struct catalog_builder;

struct catalog *catalog_ref(struct catalog *catalog);
struct catalog *catalog_unref(struct catalog *catalog); /* NULL in, NULL out */
DEFINE_AUTO(struct catalog, catalog_unref)

struct str catalog_currency(const struct catalog *catalog);
uint32_t catalog_count(const struct catalog *catalog);
const struct product *catalog_product(const struct catalog *catalog,
                                      uint32_t number); /* side by side */
uint32_t catalog_number(const struct catalog *catalog, const struct product *product); /* its own */

/* PRODUCT_NONE when the shop does not know the SKU. */
uint32_t catalog_find(const struct catalog *catalog, struct str sku);

/* The same for @n SKUs, faster than one by one; what they are is looked at next, and is on its way. */
void catalog_find_many(const struct catalog *catalog, const struct str *skus, uint32_t n,
                       uint32_t *ret_numbers);

/* The numbers of all products of that one's kind, itself included, by price, then SKU. */
const uint32_t *catalog_same_kind(const struct catalog *catalog, uint32_t number, uint32_t *ret_n);

/* Absent when unknown. */
struct str product_text(const struct product *product, enum product_text text);

/* NULL when the product has no such attribute. */
const struct attr *product_attr(const struct product *product, struct str name);
bool product_has_tag(const struct product *product, struct str tag);
bool product_in_stock(const struct product *product);

/*
 * Margin of selling at @price_minor, in basis points of that price; false when the cost is
 * unknown or the price is not positive.
 */
bool product_margin_bp(const struct product *product, int64_t price_minor, int64_t *ret_bp);

/* Builder: copies what it is given. A second product with the same SKU replaces the first. */
struct catalog_builder *catalog_builder_new(struct str currency);
struct catalog_builder *catalog_builder_free(struct catalog_builder *builder);
DEFINE_AUTO(struct catalog_builder, catalog_builder_free)

/* ERR_INPUT (with a note) for an empty SKU, a negative price, too many attributes. kind and
 * marks are ignored. */
MUST_CHECK enum err catalog_builder_add(struct catalog_builder *builder,
                                        const struct product *product, struct err_note *note);

/* Takes the builder's content; the builder may only be freed after. */
MUST_CHECK enum err catalog_builder_seal(struct catalog_builder *builder,
                                         struct catalog **ret_catalog);
