/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would have made a condition true, as text: "one of app, web", ">= 3000 and <= 7999",
 * "an item with category lens". The parts of a block say what they are about. In Japanese the words
 * stand behind the values: 「category が lens」の商品がある.
 */
#include "rules/blame_parts.h"

struct wanting {
    enum locale locale;
    int decimals;
    const struct str *attr_names;
    struct out *out;
};

static void want_value(const struct wanting *w, const struct term *term, bool negated);

static void say(const struct wanting *w, const char *ja, const char *en)
{
    out_text(w->out, str_of(w->locale == LOCALE_JA ? ja : en));
}

static void join(const struct wanting *w, const struct term *term, uint32_t i, bool negated)
{
    bool is_and = (term->op == TERM_AND) != negated;
    if (i == 0)
        return;
    if (is_and)
        say(w, " かつ ", " and ");
    else
        say(w, " または ", " or ");
}

static void want_name(const struct wanting *w, uint32_t slot)
{
    blame_name(w->attr_names, slot, w->out);
    say(w, " が ", " ");
}

static void want_one_of(const struct wanting *w, const struct term *term)
{
    for (uint32_t i = 1; i < term->n_children; i++) {
        if (i > 1)
            out_text(w->out, STR(", "));
        blame_value(NULL, w->decimals, blame_slot(term->children[0]), term->children[i]->constant,
                    w->out);
    }
}

static void want_comparison(const struct wanting *w, const struct term *term, bool negated)
{
    static const char *const before[TERM_OPS][2] = {
        [TERM_EQ] = { "", "not " },
        [TERM_NE] = { "not ", "" },
        [TERM_LT] = { "< ", ">= " },
        [TERM_LE] = { "<= ", "> " },
        [TERM_GT] = { "> ", "<= " },
        [TERM_GE] = { ">= ", "< " },
        [TERM_IN] = { "one of ", "none of " },
        [TERM_STARTS_WITH] = { "starts with ", "does not start with " },
        [TERM_CONTAINS] = { "contains ", "does not contain " },
        [TERM_HAS_WORD] = { "", "not " },
        [TERM_HAS] = { "known", "unknown" },
        [TERM_SLOT] = { "true", "false" },
    };
    static const char *const behind_ja[TERM_OPS][2] = {
        [TERM_EQ] = { "", " 以外" },
        [TERM_NE] = { " 以外", "" },
        [TERM_LT] = { " 未満", " 以上" },
        [TERM_LE] = { " 以下", " 超" },
        [TERM_GT] = { " 超", " 以下" },
        [TERM_GE] = { " 以上", " 未満" },
        [TERM_IN] = { " のどれか", " のどれでもない" },
        [TERM_STARTS_WITH] = { " で始まる", " で始まらない" },
        [TERM_CONTAINS] = { " を含む", " を含まない" },
        [TERM_HAS_WORD] = { "", " 以外" },
        [TERM_HAS] = { "分かっている", "不明" },
        [TERM_SLOT] = { "true", "false" },
    };
    const bool ja = w->locale == LOCALE_JA;
    if (!ja && before[term->op][negated])
        out_text(w->out, str_of(before[term->op][negated]));
    if (term->op == TERM_IN)
        want_one_of(w, term);
    else if (term->op != TERM_HAS && term->n_children > 1)
        blame_value(NULL, w->decimals, blame_slot(term->children[0]), term->children[1]->constant,
                    w->out);
    if (ja && behind_ja[term->op][negated])
        out_text(w->out, str_of(behind_ja[term->op][negated]));
}

/* Of one fact, or of how many items. */
static void want_value(const struct wanting *w, const struct term *term, bool negated)
{
    if (term->op == TERM_NOT) {
        want_value(w, term->children[0], !negated);
    } else if (term->op == TERM_AND || term->op == TERM_OR) {
        for (uint32_t i = 0; i < term->n_children; i++) {
            join(w, term, i, negated);
            want_value(w, term->children[i], negated);
        }
    } else {
        want_comparison(w, term, negated);
    }
}

/* What one item should be: "category lens, unit_price >= 1000". */
static void want_item(const struct wanting *w, const struct term *term, bool negated)
{
    const struct term *subject = blame_subject(term);
    if (subject) {
        want_name(w, blame_slot(subject));
        want_value(w, term, negated);
    } else if (term->op == TERM_NOT) {
        want_item(w, term->children[0], !negated);
    } else {
        bool is_and = (term->op == TERM_AND) != negated;
        for (uint32_t i = 0; i < term->n_children; i++) {
            if (i > 0 && is_and)
                say(w, "、", ", ");
            else if (i > 0)
                say(w, " または ", " or ");
            want_item(w, term->children[i], negated);
        }
    }
}

/* " in cart.items", when it is one part of several; in Japanese before the item. */
static void where(const struct wanting *w, const struct term *walk, bool named, bool before)
{
    if (!named || before != (w->locale == LOCALE_JA))
        return;
    say(w, "", " in ");
    blame_name(w->attr_names, walk->children[0]->slot, w->out);
    say(w, " に", "");
}

static void want_items(const struct wanting *w, const struct term *walk, bool negated, bool named)
{
    where(w, walk, named, true);
    say(w, "「", negated ? "no item with " : "an item with ");
    want_item(w, walk->children[1], false);
    say(w, negated ? "」の商品がない" : "」の商品がある", "");
    where(w, walk, named, false);
}

static void want_count(const struct wanting *w, const struct term *term, bool negated, bool named)
{
    const struct term *count = blame_count(term);
    if (w->locale == LOCALE_JA) {
        where(w, count, named, true);
        out_text(w->out, STR("「"));
        want_item(w, count->children[1], false);
        out_text(w->out, STR("」の商品が "));
        want_value(w, term, negated);
        return;
    }
    want_value(w, term, negated);
    out_text(w->out, STR(" items with "));
    want_item(w, count->children[1], false);
    where(w, count, named, false);
}

static void want(const struct wanting *w, const struct term *term, bool negated, bool named);

/* A block within a block has parentheses. */
static void want_each(const struct wanting *w, const struct term *term, bool negated)
{
    for (uint32_t i = 0; i < term->n_children; i++) {
        const struct term *child = term->children[i];
        bool inner = blame_shape(child) == SHAPE_BLOCK && child->op != TERM_NOT;
        join(w, term, i, negated);
        out_text(w->out, inner ? STR("(") : STR(""));
        want(w, child, negated, true);
        out_text(w->out, inner ? STR(")") : STR(""));
    }
}

static void want(const struct wanting *w, const struct term *term, bool negated, bool named)
{
    switch (blame_shape(term)) {
    case SHAPE_VALUE:
        if (named)
            want_name(w, blame_slot(blame_subject(term)));
        want_value(w, term, negated);
        break;
    case SHAPE_ITEMS: want_items(w, term, negated, named); break;
    case SHAPE_COUNT: want_count(w, term, negated, named); break;
    case SHAPE_CALL:
        if (named) {
            out_json_escaped(w->out, term->constant.string);
            out_char(w->out, ' ');
        } else {
            say(w, "式", "");
        }
        say(w, negated ? "が成り立たない" : "が成り立つ", negated ? "false" : "true");
        break;
    case SHAPE_BLOCK:
        if (term->op == TERM_NOT)
            want(w, term->children[0], !negated, named);
        else if (term->op == TERM_AND || term->op == TERM_OR)
            want_each(w, term, negated);
        break;
    }
}

void blame_wanted_in(const struct condition *condition, enum locale locale, int decimals,
                     const struct str *attr_names, struct out *out)
{
    const struct wanting wanting = { locale, decimals, attr_names, out };
    want(&wanting, condition->term, false, false);
}

void blame_wanted(const struct condition *condition, int decimals, const struct str *attr_names,
                  struct out *out)
{
    blame_wanted_in(condition, LOCALE_EN, decimals, attr_names, out);
}
