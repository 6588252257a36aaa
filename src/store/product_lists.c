/* SPDX-License-Identifier: Apache-2.0 */
#include "store/product_lists.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json_scan.h"
#include "base/out.h"

struct product_lists {
    struct out printed_tags, printed_attrs;
    struct arena *arena;
    struct str tags[PRODUCT_MAX_TAGS];
    struct attr attrs[PRODUCT_MAX_ATTRS];
};

/* ── writing ─────────────────────────────────────────────────────────────────────────────── */

static void begin_list(struct out *out)
{
    out->len = 0;
    out->comma = false;
    out_json_open(out, '[');
}

static void print_attr(struct out *out, const struct attr *attr)
{
    out_json_open(out, '[');
    out_json_str(out, attr->name);
    out_json_str(out, attr->text);
    if (attr->is_number) {
        char number[40];
        int len = snprintf(number, sizeof number, "%.17g", attr->number);
        out_json_raw(out, (struct str){ number, (size_t) len });
    }
    out_json_close(out, ']');
}

enum err product_lists_print(struct product_lists *lists, const struct product *product,
                             struct str *ret_tags, struct str *ret_attrs)
{
    struct out *tags = &lists->printed_tags, *attrs = &lists->printed_attrs;
    begin_list(tags);
    for (uint32_t i = 0; i < product->n_tags; i++)
        out_json_str(tags, product->tags[i]);
    out_json_close(tags, ']');
    begin_list(attrs);
    for (uint32_t i = 0; i < product->n_attrs; i++)
        print_attr(attrs, &product->attrs[i]);
    out_json_close(attrs, ']');
    if (tags->failed || attrs->failed)
        return ERR_NOMEM;
    *ret_tags = out_str(tags);
    *ret_attrs = out_str(attrs);
    return OK;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────── */

static bool read_tags(struct product_lists *lists, struct str json, struct product *product)
{
    struct json_scan scan;
    json_scan_init(&scan, json, lists->arena);
    for (json_array(&scan); json_next_item(&scan);) {
        if (product->n_tags == PRODUCT_MAX_TAGS)
            return false;
        lists->tags[product->n_tags++] = json_string(&scan, 0, json.len);
    }
    json_end(&scan);
    product->tags = lists->tags;
    return !scan.fault;
}

static struct attr read_attr(struct json_scan *scan)
{
    struct attr attr = { 0 };
    json_array(scan);
    if (json_next_item(scan))
        attr.name = json_string(scan, 1, SIZE_MAX);
    if (json_next_item(scan))
        attr.text = json_string(scan, 0, SIZE_MAX);
    if (json_next_item(scan)) {
        attr.number = json_number(scan);
        attr.is_number = true;
        if (json_next_item(scan))
            json_fault(scan, "at most three values were expected");
    }
    return attr;
}

static bool read_attrs(struct product_lists *lists, struct str json, struct product *product)
{
    struct json_scan scan;
    json_scan_init(&scan, json, lists->arena);
    for (json_array(&scan); json_next_item(&scan);) {
        if (product->n_attrs == PRODUCT_MAX_ATTRS)
            return false;
        lists->attrs[product->n_attrs++] = read_attr(&scan);
    }
    json_end(&scan);
    product->attrs = lists->attrs;
    return !scan.fault;
}

enum err product_lists_read(struct product_lists *lists, struct str tags, struct str attrs,
                            struct product *product, struct err_note *note)
{
    arena_reset(lists->arena);
    product->n_tags = product->n_attrs = 0;
    if (!read_tags(lists, tags, product) || !read_attrs(lists, attrs, product))
        return err_fail(note, ERR_CORRUPT, "catalogue: product '%.*s' is damaged",
                        STR_ARG(product->sku));
    return OK;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

struct product_lists *product_lists_new(void)
{
    struct product_lists *lists = calloc(1, sizeof *lists);
    if (!lists)
        return NULL;
    out_init(&lists->printed_tags, NULL, 256);
    out_init(&lists->printed_attrs, NULL, 1024);
    lists->arena = arena_new(16384, 1 << 24);
    return lists->arena ? lists : product_lists_free(lists);
}

struct product_lists *product_lists_free(struct product_lists *lists)
{
    if (!lists)
        return NULL;
    out_deinit(&lists->printed_tags);
    out_deinit(&lists->printed_attrs);
    arena_free(lists->arena);
    free(lists);
    return NULL;
}
