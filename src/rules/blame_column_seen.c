/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receipt shows of a column: "0 of 3: CAM-A7 (category camera), SD-64 (category memory-card)".
 */
#include "rules/blame_parts.h"
#include "rules/plain_items.h"

/* The words between an item and its text are the same for all: where the first of them stand in out. */
struct between {
    size_t at, len;
};

static inline __attribute__((always_inline)) void see_text(struct blame *blame, uint32_t slot,
                                                           struct between *between, struct str sku,
                                                           struct str text)
{
    struct out *out = blame->out;
    const bool first = between->len == 0;
    out_bytes(out, first ? ": " : ", ", 2);
    out_json_escaped(out, sku);
    if (first) {
        between->at = out->len;
        out_bytes(out, " (", 2);
        blame_name(blame->facts->attr_names, slot, out);
        out_char(out, ' ');
        between->len = out->len - between->at;
    } else if (out_reserve(out, between->len)) {
        out_bytes(out, out->at + between->at, between->len);
    }
    out_json_escaped(out, text);
    out_char(out, ')');
}

/* The first items, all of which have a text. */
static void see_texts(struct blame *blame, const struct blame_column *column)
{
    struct between between = { 0 };
    for (uint32_t i = 0; i < column->n_texts; i++)
        see_text(blame, column->fact.slot, &between, column->skus[i], column->texts[i]);
    if (column->n_items > column->n_texts)
        out_text(blame->out, STR(", …"));
}

/* Those that the column does not know. */
static void see_unknown(struct blame *blame, const struct blame_column *column)
{
    for (uint32_t i = 0; i < column->n_unknown && i < BLAME_ITEMS; i++) {
        out_bytes(blame->out, i ? ", " : ": ", 2);
        blame_item(blame, column->list, column->unknown[i], column->fact.slot);
    }
    if (column->n_unknown > BLAME_ITEMS)
        out_text(blame->out, STR(", …"));
}

void blame_column(struct blame *blame, struct blame_column *column, bool unknown)
{
    struct out *out = blame->out;
    size_t at = out->len;
    if (!column->is_known) {
        out_text(out, STR("unknown"));
    } else {
        blame_count_print(out, 0, column->n_items);
        if (unknown)
            see_unknown(blame, column);
        else
            see_texts(blame, column);
    }
    if (out->failed)
        return;
    column->shown[unknown].at = at;
    column->shown[unknown].len = out->len - at;
}

void blame_having(struct blame *blame, const struct blame_hint *hint)
{
    const struct blame_column *column = hint->having;
    struct plain_items items = plain_items_of(blame->facts, column->list, column->fact.slot);
    struct between between = { 0 };
    blame_count_print(blame->out, hint->n_items, column->n_items);
    for (uint32_t i = 0; i < hint->n_items && i < BLAME_ITEMS; i++)
        see_text(blame, column->fact.slot, &between, plain_sku(items, hint->slots[i]),
                 plain_text(items, hint->slots[i]));
    if (hint->n_items > BLAME_ITEMS)
        out_text(blame->out, STR(", …"));
}
