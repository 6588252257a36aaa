/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compare: what the offered one has that the other has not, as a table made from the attributes:
 * what is better, then what is worse, then what only differs, each in the catalogue's order. A shop
 * that named its attributes (`attributes:` in rule files) gets those, with label and unit; one that
 * named none gets every short attribute under its column's name, but ids and dates. Only what
 * differs is listed: "1 TB" and "1,024 GB" do not. Better is what the ladder of their kind says
 * (shop/ladder.h: units understood); of other products, what `attributes:` say.
 */
#include "serve/compare.h"

#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/ladder.h"
#include "shop/quantity.h"

enum { UNNAMED_MAX_BYTES = 40 };

struct pair { /* two products, their numbers too */
    const struct product *base, *offered;
    uint32_t base_number, offered_number;
};

static struct pair pair_of(const struct world *world, const struct product *base,
                           const struct product *offered)
{
    const struct catalog *catalog = world->catalog;
    return (struct pair){ base, offered, catalog_find(catalog, base->sku),
                          catalog_find(catalog, offered->sku) };
}

static int betterness(const struct world *world, const struct pair *pair,
                      const struct compare_row *row)
{
    const struct ladder *ladder = world->ladder;
    if (pair->base->kind == pair->offered->kind &&
        ladder_role(ladder, pair->base_number, row->base->name) == LADDER_QUALITY)
        return ladder_compare(ladder, pair->base_number, pair->offered_number, row->base->name);
    if (!row->label || !row->label->better || !row->base->is_number || !row->offered->is_number)
        return 0;
    int order =
        (row->offered->number > row->base->number) - (row->offered->number < row->base->number);
    return order * row->label->better;
}

/* The same amount, written in two ways. */
static bool is_same_amount(const struct attr *a, const struct attr *b)
{
    struct quantity one, other;
    if (a->is_number && b->is_number)
        return a->number == b->number;
    return quantity_read(a->name, a->text, &one) && quantity_read(b->name, b->text, &other) &&
           one.dimension == other.dimension && one.form == other.form && one.value == other.value;
}

static bool is_listed(const struct world *world, const struct pair *pair,
                      const struct compare_row *row)
{
    if (row->label)
        return true;
    return !ruleset_has_attr_labels(world->rules) && row->base->text.len <= UNNAMED_MAX_BYTES &&
           row->offered->text.len <= UNNAMED_MAX_BYTES &&
           ladder_role(world->ladder, pair->base_number, row->base->name) != LADDER_NOISE;
}

/* Both mostly have the same columns, so the next one is tried before searching. */
static const struct attr *counterpart(const struct product *offered, const struct attr *base,
                                      uint32_t i)
{
    if (i < offered->n_attrs && str_eq(offered->attrs[i].name, base->name))
        return &offered->attrs[i];
    return product_attr(offered, base->name);
}

/* The base's attribute @i as a row; false: it makes none. */
static bool make_row(const struct world *world, const struct pair *pair, uint32_t i,
                     struct compare_row *ret_row)
{
    const struct attr *base = &pair->base->attrs[i];
    const struct attr *other = counterpart(pair->offered, base, i);
    if (!other || str_eq(base->text, other->text))
        return false;
    struct compare_row row = { ruleset_attr_label(world->rules, base->name), base, other, 0 };
    if (!is_listed(world, pair, &row) || is_same_amount(base, other))
        return false;
    row.order = betterness(world, pair, &row);
    *ret_row = row;
    return true;
}

static void encode_row(struct decision *d, const struct compare_row *row, struct out *out)
{
    const struct attr_label *label = row->label;
    out_json_open(out, '{');
    out_json_key(out, STR("attribute"));
    out_json_str(out, row->base->name);
    out_json_key(out, STR("label"));
    out_json_str(out, label ? label->label[d->request.locale] : row->base->name);
    out_json_key(out, STR("unit"));
    out_json_str(out, label ? label->unit[d->request.locale] : (struct str){ 0 });
    out_json_key(out, STR("base"));
    out_json_str(out, row->base->text);
    out_json_key(out, STR("offered"));
    out_json_str(out, row->offered->text);
    out_json_key(out, STR("better"));
    if (row->order)
        out_json_bool(out, row->order > 0);
    else
        out_json_null(out);
    out_json_close(out, '}');
}

uint32_t compare_rows(const struct world *world, const struct product *base,
                      const struct product *offered, struct compare_row *ret_rows)
{
    static const int orders[] = { 1, -1, 0 };
    struct compare_row found[PRODUCT_MAX_ATTRS];
    struct pair pair = pair_of(world, base, offered);
    uint32_t n_found = 0, n = 0;
    for (uint32_t i = 0; i < base->n_attrs; i++)
        n_found += make_row(world, &pair, i, &found[n_found]);
    for (int k = 0; k < 3; k++)
        for (uint32_t i = 0; i < n_found; i++)
            if (found[i].order == orders[k])
                ret_rows[n++] = found[i];
    return n;
}

void compare_encode(struct decision *d, const struct product *base, const struct product *offered,
                    struct out *out)
{
    struct compare_row rows[PRODUCT_MAX_ATTRS];
    uint32_t n = base ? compare_rows(d->request.world, base, offered, rows) : 0;
    out_json_open(out, '[');
    for (uint32_t i = 0; i < n; i++)
        encode_row(d, &rows[i], out);
    out_json_close(out, ']');
}

/*
 * "ストレージ 256 GB": the first named attribute in which the
 * offered one is better; absent when there is none.
 */
struct str compare_gain(struct decision *d, const struct product *base,
                        const struct product *offered)
{
    struct pair pair = pair_of(d->request.world, base, offered);
    for (uint32_t i = 0; i < base->n_attrs; i++) {
        struct compare_row row;
        if (!make_row(d->request.world, &pair, i, &row) || !row.label || row.order <= 0)
            continue;
        struct out out;
        out_init(&out, d->arena, 48);
        out_text(&out, row.label->label[d->request.locale]);
        out_char(&out, ' ');
        out_text(&out, row.offered->text);
        if (row.offered->is_number && row.label->unit[d->request.locale].len) {
            out_char(&out, ' ');
            out_text(&out, row.label->unit[d->request.locale]);
        }
        return out.failed ? (struct str){ 0 } : out_str(&out);
    }
    return (struct str){ 0 };
}
