/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalogue is what its builder gathered, plus what is worked out once: a map from SKU to
 * number, and the products of each kind in order of price. All texts (what many products have,
 * such as a brand, once), tags and attributes lie in one arena that moves from the builder to
 * the catalogue, so sealing copies nothing and letting go is one free. Building and asking share
 * what is private to them, so they stand in one file, a little over 400 lines.
 */
#include "shop/catalog.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "shop/event.h"
#include "shop/money.h"

enum {
    FIRST_CHUNK_BYTES = 64 * 1024,
    FIRST_PRODUCTS = 64,
    SHARED_TEXTS =
        65536, /* that are looked up while building; a text after these is copied each time */
};

struct catalog {
    struct snapshot snapshot; /* first */
    struct arena *arena;
    struct strmap *numbers; /* SKU -> number */
    struct product *products;
    uint32_t n_products;
    uint32_t *by_kind;    /* numbers, those of one kind side by side, by price, then SKU */
    uint32_t *kind_begin; /* kind -> where it begins in by_kind; one more at the end */
    struct str currency;
};

struct catalog_builder {
    struct arena *arena;
    struct strmap *numbers;
    struct product *products;
    uint32_t n_products, room;
    struct strmap *shared; /* text -> place in shared_at */
    struct str *shared_at; /* in the arena */
    struct str currency;
};

static void catalog_free(struct snapshot *snapshot)
{
    struct catalog *catalog = (struct catalog *) snapshot;
    (void) arena_free(catalog->arena);
    (void) strmap_free(catalog->numbers);
    free(catalog->products);
    free(catalog->by_kind);
    free(catalog->kind_begin);
    free(catalog);
}

struct catalog *catalog_ref(struct catalog *catalog)
{
    if (catalog)
        (void) snapshot_ref(&catalog->snapshot);
    return catalog;
}

struct catalog *catalog_unref(struct catalog *catalog)
{
    if (catalog)
        (void) snapshot_unref(&catalog->snapshot);
    return NULL;
}

struct str catalog_currency(const struct catalog *catalog)
{
    return catalog->currency;
}

uint32_t catalog_count(const struct catalog *catalog)
{
    return catalog->n_products;
}

const struct product *catalog_product(const struct catalog *catalog, uint32_t number)
{
    return &catalog->products[number];
}

uint32_t catalog_number(const struct catalog *catalog, const struct product *product)
{
    return (uint32_t) (product - catalog->products);
}

_Static_assert(PRODUCT_NONE == STRMAP_NONE, "a map's answer is a product's number");

uint32_t catalog_find(const struct catalog *catalog, struct str sku)
{
    return strmap_get(catalog->numbers, sku);
}

void catalog_find_many(const struct catalog *catalog, const struct str *skus, uint32_t n,
                       uint32_t *ret_numbers)
{
    strmap_get_many(catalog->numbers, skus, n, ret_numbers);
    for (uint32_t i = 0; i < n; i++)
        if (ret_numbers[i] != PRODUCT_NONE)
            __builtin_prefetch(&catalog->products[ret_numbers[i]].category);
}

const uint32_t *catalog_same_kind(const struct catalog *catalog, uint32_t number, uint32_t *ret_n)
{
    const uint32_t *begin = &catalog->kind_begin[catalog->products[number].kind];
    *ret_n = begin[1] - begin[0];
    return catalog->by_kind + begin[0];
}

/* ── building ───────────────────────────────────────────────────────────────────────────── */

struct catalog_builder *catalog_builder_new(struct str currency)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = calloc(1, sizeof *builder);
    if (!builder)
        return NULL;
    builder->arena = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX);
    builder->numbers = strmap_new(FIRST_PRODUCTS);
    builder->shared = strmap_new(FIRST_PRODUCTS);
    builder->shared_at = malloc(SHARED_TEXTS * sizeof *builder->shared_at);
    if (!builder->arena || !builder->numbers || !builder->shared || !builder->shared_at)
        return NULL;
    builder->currency = arena_copy(builder->arena, currency);
    return builder->currency.at ? MOVE(builder) : NULL;
}

struct catalog_builder *catalog_builder_free(struct catalog_builder *builder)
{
    if (!builder)
        return NULL;
    (void) arena_free(builder->arena);
    (void) strmap_free(builder->numbers);
    (void) strmap_free(builder->shared);
    free(builder->shared_at);
    free(builder->products);
    free(builder);
    return NULL;
}

static enum err check(const struct product *product, struct err_note *note)
{
    struct str sku = product->sku;
    if (sku.len == 0)
        return err_fail(note, ERR_INPUT, "the SKU is empty");
    if (sku.len > ID_MAX_BYTES)
        return err_fail(note, ERR_INPUT, "the SKU has %zu bytes, at most %d are allowed", sku.len,
                        ID_MAX_BYTES);
    if (product->price_minor < 0 || product->price_minor > MONEY_MAX)
        return err_fail(note, ERR_INPUT, "product '%.*s': the price %" PRId64 " is out of range",
                        STR_ARG(sku), product->price_minor);
    if (product->cost_minor < COST_UNKNOWN || product->cost_minor > MONEY_MAX)
        return err_fail(note, ERR_INPUT, "product '%.*s': the cost %" PRId64 " is out of range",
                        STR_ARG(sku), product->cost_minor);
    if (product->stock < STOCK_UNKNOWN)
        return err_fail(note, ERR_INPUT, "product '%.*s': the stock is negative", STR_ARG(sku));
    if (product->n_attrs > PRODUCT_MAX_ATTRS || product->n_tags > PRODUCT_MAX_TAGS)
        return err_fail(note, ERR_INPUT,
                        "product '%.*s' has %u attributes and %u tags, at most %d and %d are kept",
                        STR_ARG(sku), product->n_attrs, product->n_tags, PRODUCT_MAX_ATTRS,
                        PRODUCT_MAX_TAGS);
    return OK;
}

/* Copies one text; an empty one becomes absent. */
static bool copy(struct arena *arena, struct str *text)
{
    if (text->len == 0) {
        *text = (struct str){ 0 };
        return true;
    }
    *text = arena_copy(arena, *text);
    return text->at;
}

/* The same for a text that other products may have as well: those share one copy. */
static bool share(struct catalog_builder *builder, struct str *text)
{
    uint32_t known = text->len ? strmap_get(builder->shared, *text) : STRMAP_NONE;
    if (known != STRMAP_NONE) {
        *text = builder->shared_at[known];
        return true;
    }
    if (!copy(builder->arena, text))
        return false;
    uint32_t n = (uint32_t) strmap_count(builder->shared);
    if (!text->at || n == SHARED_TEXTS)
        return true;
    builder->shared_at[n] = *text;
    return strmap_put(builder->shared, *text, n) == OK;
}

static bool copy_tags(struct catalog_builder *builder, struct product *product)
{
    struct str *tags = arena_take_array(builder->arena, struct str, product->n_tags);
    if (!tags)
        return false;
    for (uint32_t i = 0; i < product->n_tags; i++) {
        tags[i] = product->tags[i];
        if (!share(builder, &tags[i]))
            return false;
    }
    product->tags = tags;
    return true;
}

/* An attribute without text says nothing and is left out. */
static bool copy_attrs(struct catalog_builder *builder, struct product *product)
{
    struct attr *attrs = arena_take_array(builder->arena, struct attr, product->n_attrs);
    if (!attrs)
        return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < product->n_attrs; i++) {
        if (product->attrs[i].text.len == 0)
            continue;
        attrs[n] = product->attrs[i];
        if (!share(builder, &attrs[n].name) || !share(builder, &attrs[n].text))
            return false;
        n++;
    }
    product->attrs = attrs;
    product->n_attrs = n;
    return true;
}

static void mark_texts(struct product *product)
{
    for (uint32_t i = 0; i < PRODUCT_TEXTS; i++) {
        struct str text = product_text(product, i);
        product->marks[i] = (uint8_t) (text.at ? text_mark(text) : TEXT_MARKS);
    }
}

static bool copy_product(struct catalog_builder *builder, struct product *product)
{
    struct str *own[] = { &product->sku, &product->name[LOCALE_JA], &product->name[LOCALE_EN],
                          &product->model };
    struct str *shared[] = { &product->category, &product->subcategory, &product->brand };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!copy(builder->arena, own[i]))
            return false;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (!share(builder, shared[i]))
            return false;
    for (int i = 0; i < LOCALES; i++)
        for (int j = 0; j < LOCALES && !product->name[i].at; j++)
            product->name[i] = product->name[j];
    for (int i = 0; i < LOCALES; i++)
        if (!product->name[i].at)
            product->name[i] = product->sku;
    mark_texts(product);
    return copy_tags(builder, product) && copy_attrs(builder, product);
}

static enum err make_room(struct catalog_builder *builder)
{
    if (builder->n_products < builder->room)
        return OK;
    if (builder->room > UINT32_MAX / 4)
        return ERR_LIMIT;
    uint32_t room = builder->room ? builder->room * 2 : FIRST_PRODUCTS;
    struct product *products = realloc(builder->products, room * sizeof *products);
    if (!products)
        return ERR_NOMEM;
    builder->products = products;
    builder->room = room;
    return OK;
}

enum err catalog_builder_add(struct catalog_builder *builder, const struct product *product,
                             struct err_note *note)
{
    TRY(check(product, note));
    TRY(make_room(builder));
    struct product mine = *product;
    if (!copy_product(builder, &mine))
        return ERR_NOMEM;

    uint32_t number = strmap_get(builder->numbers, mine.sku);
    if (number == STRMAP_NONE) {
        number = builder->n_products;
        TRY(strmap_put(builder->numbers, mine.sku, number));
        builder->n_products++;
    }
    builder->products[number] = mine;
    return OK;
}

/* ── sealing ────────────────────────────────────────────────────────────────────────────── */

/* One text for category and subcategory; absent when the product has neither. */
static struct str kind_key(struct arena *arena, const struct product *product)
{
    struct str a = product->category, b = product->subcategory;
    if (!a.at && !b.at)
        return (struct str){ 0 };
    char *at = arena_take_raw(arena, a.len + 1 + b.len);
    if (!at)
        return (struct str){ 0 };
    if (a.len)
        memcpy(at, a.at, a.len);
    at[a.len] = '\0';
    if (b.len)
        memcpy(at + a.len + 1, b.at, b.len);
    return (struct str){ at, a.len + 1 + b.len };
}

/* Gives every product its kind: numbered in order of appearance. */
static enum err number_kinds(struct catalog *catalog, uint32_t *ret_n_kinds)
{
    AUTO(arena_free) struct arena *keys = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX);
    AUTO(strmap_free) struct strmap *kinds = strmap_new(FIRST_PRODUCTS);
    if (!keys || !kinds)
        return ERR_NOMEM;

    uint32_t n = 0;
    for (uint32_t i = 0; i < catalog->n_products; i++) {
        struct product *product = &catalog->products[i];
        product->kind = n;
        if (!product->category.at && !product->subcategory.at) {
            n++; /* a kind of its own: nothing says what it could be swapped for */
            continue;
        }
        struct str key = kind_key(keys, product);
        if (!key.at)
            return ERR_NOMEM;
        uint32_t known = strmap_get(kinds, key);
        if (known != STRMAP_NONE) {
            product->kind = known;
            continue;
        }
        TRY(strmap_put(kinds, key, n));
        n++;
    }
    *ret_n_kinds = n;
    return OK;
}

struct priced { /* what a kind is sorted by, so that most products themselves are not touched */
    int64_t price_minor;
    uint32_t number;
};

static int by_price_sku(const void *left, const void *right, void *products)
{
    const struct priced *a = left, *b = right;
    const struct product *all = products;
    if (a->price_minor != b->price_minor)
        return a->price_minor < b->price_minor ? -1 : 1;
    return str_cmp(all[a->number].sku, all[b->number].sku);
}

/* Puts each kind's products side by side; kind_begin is then where each kind ends. */
static void gather_kinds(struct catalog *catalog, struct priced *by_kind, uint32_t n_kinds)
{
    const struct product *products = catalog->products;
    uint32_t n = 0;
    for (uint32_t i = 0; i < catalog->n_products; i++)
        catalog->kind_begin[products[i].kind]++;
    for (uint32_t kind = 0; kind < n_kinds; kind++) {
        uint32_t of_kind = catalog->kind_begin[kind];
        catalog->kind_begin[kind] = n;
        n += of_kind;
    }
    for (uint32_t i = 0; i < catalog->n_products; i++)
        by_kind[catalog->kind_begin[products[i].kind]++] =
            (struct priced){ products[i].price_minor, i };
}

static enum err sort_kinds(struct catalog *catalog)
{
    uint32_t n_kinds = 0, begin = 0;
    TRY(number_kinds(catalog, &n_kinds));
    struct priced *by_kind = malloc(((size_t) catalog->n_products + 1) * sizeof *by_kind);
    catalog->by_kind = malloc(((size_t) catalog->n_products + 1) * sizeof *catalog->by_kind);
    catalog->kind_begin = calloc((size_t) n_kinds + 1, sizeof *catalog->kind_begin);
    if (!by_kind || !catalog->by_kind || !catalog->kind_begin) {
        free(by_kind);
        return ERR_NOMEM;
    }
    gather_kinds(catalog, by_kind, n_kinds);
    for (uint32_t kind = 0, end; kind < n_kinds; kind++, begin = end) {
        end = catalog->kind_begin[kind];
        catalog->kind_begin[kind] = begin;
        if (end - begin > 1)
            qsort_r(by_kind + begin, end - begin, sizeof *by_kind, by_price_sku, catalog->products);
    }
    catalog->kind_begin[n_kinds] = catalog->n_products;
    for (uint32_t i = 0; i < catalog->n_products; i++)
        catalog->by_kind[i] = by_kind[i].number;
    free(by_kind);
    return OK;
}

enum err catalog_builder_seal(struct catalog_builder *builder, struct catalog **ret_catalog)
{
    AUTO(catalog_unref) struct catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog)
        return ERR_NOMEM;
    snapshot_init(&catalog->snapshot, catalog_free);
    catalog->arena = MOVE(builder->arena);
    catalog->numbers = MOVE(builder->numbers);
    catalog->products = MOVE(builder->products);
    catalog->n_products = builder->n_products;
    catalog->currency = builder->currency;
    TRY(sort_kinds(catalog));
    *ret_catalog = MOVE(catalog);
    return OK;
}
