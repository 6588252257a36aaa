/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/explain_ladder.h"

#include <stdio.h>

#include "serve/compare.h"
#include "shop/catalog.h"
#include "shop/ladder.h"
#include "shop/money.h"
#include "world/world.h"

struct view { /* what all of this prints from */
    const struct world *world;
    enum locale locale;
    struct out *out;
};

static const struct product *product_of(const struct view *view, uint32_t number)
{
    return catalog_product(view->world->catalog, number);
}

static void text(const struct view *view, const char *ja, const char *en)
{
    out_text(view->out, str_of(view->locale == LOCALE_JA ? ja : en));
}

static struct str name_of(const struct view *view, const struct compare_row *row)
{
    return row->label ? row->label->label[view->locale] : row->base->name;
}

/* ── text ────────────────────────────────────────────────────────────────────────────────────── */

static void print_value(const struct view *view, const struct compare_row *row,
                        const struct attr *attr)
{
    struct str unit =
        row->label && attr->is_number ? row->label->unit[view->locale] : (struct str){ 0 };
    out_text(view->out, attr->text);
    if (unit.len)
        out_printf(view->out, " %.*s", STR_ARG(unit));
}

static void print_rows(const struct view *view, const struct product *base,
                       const struct product *offered)
{
    struct compare_row rows[PRODUCT_MAX_ATTRS];
    uint32_t n = compare_rows(view->world, base, offered, rows);
    for (uint32_t i = 0; i < n; i++) {
        const struct compare_row *row = &rows[i];
        out_printf(view->out, "      %s %.*s: ",
                   row->order > 0   ? "+"
                   : row->order < 0 ? "-"
                                    : "·",
                   STR_ARG(name_of(view, row)));
        print_value(view, row, row->base);
        out_text(view->out, STR(" → "));
        print_value(view, row, row->offered);
        out_char(view->out, '\n');
    }
}

static void print_product(const struct view *view, const struct product *product)
{
    out_printf(view->out, "%.*s  %.*s  ", STR_ARG(product->sku),
               STR_ARG(product->name[view->locale]));
    money_print(view->out, product->price_minor, catalog_currency(view->world->catalog),
                view->locale);
}

static const struct {
    const char *word, *text[LOCALES];
} degrees[] = {
    [LADDER_BETTER] = { "better", { "より良い", "better" } },
    [LADDER_ASIDE] = { "aside",
                       { "良いが系統や対象・サイズが違う",
                         "better, but of another line, people or size" } },
    [LADDER_DEARER] = { "dearer",
                        { "良い点は不明。よく買われていれば提案",
                          "not known to be better: offered if customers go for it" } },
    [LADDER_UNLIKE] = { "unlike",
                        { "良い点は不明で系統が違う。提案しない",
                          "not known to be better and of another line: not offered" } },
};

static void print_moved(const struct view *view, const struct ladder_step *step)
{
    if (step->moved && view->locale == LOCALE_JA)
        out_printf(view->out, "      この商品の後にそれを買った顧客 %u人%s\n", step->moved,
                   step->confirmed ? "(逆より明らかに多い)" : "");
    else if (step->moved)
        out_printf(view->out, "      %u customers bought it later than this one%s\n", step->moved,
                   step->confirmed ? ", clearly more than the other way round" : "");
}

static void print_step(const struct view *view, const struct product *base,
                       const struct ladder_step *step)
{
    const struct product *offered = product_of(view, step->product);
    out_text(view->out, STR("    "));
    print_product(view, offered);
    out_printf(view->out, "  ×%.2f", (double) offered->price_minor / (double) base->price_minor);
    text(view, "  点数 ", "  score ");
    out_printf(view->out, "%.3f", (double) step->score);
    if (offered->price_minor > base->price_minor)
        out_printf(view->out, "  %s", degrees[step->degree].text[view->locale]);
    out_char(view->out, '\n');
    print_moved(view, step);
    print_rows(view, base, offered);
}

static void print_way(const struct view *view, uint32_t number, bool up)
{
    uint32_t n;
    const struct ladder *ladder = view->world->ladder;
    const struct ladder_step *steps =
        up ? ladder_up(ladder, number, &n) : ladder_down(ladder, number, &n);
    if (up)
        text(view, "  上位の商品 (upgrade_of):", "  up (upgrade_of):");
    else
        text(view, "  手頃な商品 (downgrade_of):", "  down (downgrade_of):");
    if (n == 0)
        text(view, " なし", " none");
    out_char(view->out, '\n');
    for (uint32_t i = 0; i < n; i++)
        print_step(view, product_of(view, number), &steps[i]);
}

static void print_ladder(const struct view *view, uint32_t number)
{
    print_product(view, product_of(view, number));
    out_char(view->out, '\n');
    print_way(view, number, true);
    print_way(view, number, false);
}

/* ── JSON ────────────────────────────────────────────────────────────────────────────────────── */

static void number_member(struct out *out, struct str key, double value)
{
    char digits[32];
    (void) snprintf(digits, sizeof digits, "%.4g", value);
    out_json_key(out, key);
    out_json_raw(out, str_of(digits));
}

static void product_members(const struct view *view, const struct product *product)
{
    out_json_key(view->out, STR("sku"));
    out_json_str(view->out, product->sku);
    out_json_key(view->out, STR("name"));
    out_json_str(view->out, product->name[view->locale]);
    out_json_key(view->out, STR("price"));
    out_json_int(view->out, product->price_minor);
}

static void json_row(const struct view *view, const struct compare_row *row)
{
    out_json_open(view->out, '{');
    out_json_key(view->out, STR("attribute"));
    out_json_str(view->out, row->base->name);
    out_json_key(view->out, STR("label"));
    out_json_str(view->out, name_of(view, row));
    out_json_key(view->out, STR("base"));
    out_json_str(view->out, row->base->text);
    out_json_key(view->out, STR("offered"));
    out_json_str(view->out, row->offered->text);
    out_json_key(view->out, STR("better"));
    if (row->order)
        out_json_bool(view->out, row->order > 0);
    else
        out_json_null(view->out);
    out_json_close(view->out, '}');
}

static void json_step(const struct view *view, const struct product *base,
                      const struct ladder_step *step)
{
    struct compare_row rows[PRODUCT_MAX_ATTRS];
    const struct product *offered = product_of(view, step->product);
    uint32_t n = compare_rows(view->world, base, offered, rows);
    out_json_open(view->out, '{');
    product_members(view, offered);
    number_member(view->out, STR("ratio"),
                  (double) offered->price_minor / (double) base->price_minor);
    number_member(view->out, STR("score"), (double) step->score);
    out_json_key(view->out, STR("degree"));
    out_json_str(view->out, str_of(degrees[step->degree].word));
    out_json_key(view->out, STR("gains"));
    out_json_int(view->out, step->gains);
    out_json_key(view->out, STR("losses"));
    out_json_int(view->out, step->losses);
    out_json_key(view->out, STR("moved"));
    out_json_int(view->out, step->moved);
    out_json_key(view->out, STR("confirmed"));
    out_json_bool(view->out, step->confirmed);
    out_json_key(view->out, STR("compare"));
    out_json_open(view->out, '[');
    for (uint32_t i = 0; i < n; i++)
        json_row(view, &rows[i]);
    out_json_close(view->out, ']');
    out_json_close(view->out, '}');
}

static void json_way(const struct view *view, uint32_t number, bool up)
{
    uint32_t n;
    const struct ladder *ladder = view->world->ladder;
    const struct ladder_step *steps =
        up ? ladder_up(ladder, number, &n) : ladder_down(ladder, number, &n);
    out_json_key(view->out, up ? STR("up") : STR("down"));
    out_json_open(view->out, '[');
    for (uint32_t i = 0; i < n; i++)
        json_step(view, product_of(view, number), &steps[i]);
    out_json_close(view->out, ']');
}

static void json_ladder(const struct view *view, uint32_t number)
{
    struct out *out = view->out;
    out->comma = false;
    out_json_open(out, '{');
    product_members(view, product_of(view, number));
    out_json_key(out, STR("currency"));
    out_json_str(out, catalog_currency(view->world->catalog));
    json_way(view, number, true);
    json_way(view, number, false);
    out_json_close(out, '}');
    out_char(out, '\n');
}

/* ── all ─────────────────────────────────────────────────────────────────────────────────────── */

/* Those with a step up that may be offered; as JSON: with any. */
static void print_all(const struct view *view, bool json)
{
    for (uint32_t p = 0; p < catalog_count(view->world->catalog); p++) {
        uint32_t n;
        const struct ladder_step *steps = ladder_up(view->world->ladder, p, &n);
        if (n == 0 || (!json && steps->degree == LADDER_UNLIKE))
            continue;
        if (json) {
            json_ladder(view, p);
            continue;
        }
        print_product(view, product_of(view, p));
        out_text(view->out, STR("  →  "));
        print_product(view, product_of(view, steps->product));
        out_char(view->out, '\n');
    }
}

bool explain_ladder_print(const struct world *world, struct str what, bool json, enum locale locale,
                          struct out *out)
{
    const struct view view = { world, locale, out };
    uint32_t number = catalog_find(world->catalog, what);
    if (number == PRODUCT_NONE && !str_is(what, "all"))
        return false;
    if (number == PRODUCT_NONE)
        print_all(&view, json);
    else if (json)
        json_ladder(&view, number);
    else
        print_ladder(&view, number);
    return true;
}
