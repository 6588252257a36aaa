/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would have made a condition true, as text: "one of app, web", ">= 3000 and <= 7999",
 * "an item with category lens". The parts of a block say what they are about.
 */
#include "rules/blame_parts.h"

struct wanting {
    int decimals;
    const struct str *attr_names;
    struct out *out;
};

static void want_value(const struct wanting *w, const struct term *term, bool negated);

static void join(const struct wanting *w, const struct term *term, uint32_t i, bool negated)
{
    bool is_and = (term->op == TERM_AND) != negated;
    if (i > 0)
        out_text(w->out, is_and ? STR(" and ") : STR(" or "));
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
    if (before[term->op][negated])
        out_text(w->out, str_of(before[term->op][negated]));
    if (term->op == TERM_IN)
        want_one_of(w, term);
    else if (term->op != TERM_HAS && term->n_children > 1)
        blame_value(NULL, w->decimals, blame_slot(term->children[0]), term->children[1]->constant,
                    w->out);
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
        blame_name(w->attr_names, blame_slot(subject), w->out);
        out_char(w->out, ' ');
        want_value(w, term, negated);
    } else if (term->op == TERM_NOT) {
        want_item(w, term->children[0], !negated);
    } else {
        bool is_and = (term->op == TERM_AND) != negated;
        for (uint32_t i = 0; i < term->n_children; i++) {
            if (i > 0)
                out_text(w->out, is_and ? STR(", ") : STR(" or "));
            want_item(w, term->children[i], negated);
        }
    }
}

/* " in cart.items", when it is one part of several. */
static void where(const struct wanting *w, const struct term *walk, bool named)
{
    if (!named)
        return;
    out_text(w->out, STR(" in "));
    blame_name(w->attr_names, walk->children[0]->slot, w->out);
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
        if (named) {
            blame_name(w->attr_names, blame_slot(blame_subject(term)), w->out);
            out_char(w->out, ' ');
        }
        want_value(w, term, negated);
        break;
    case SHAPE_ITEMS:
        out_text(w->out, negated ? STR("no item with ") : STR("an item with "));
        want_item(w, term->children[1], false);
        where(w, term, named);
        break;
    case SHAPE_COUNT:
        want_value(w, term, negated);
        out_text(w->out, STR(" items with "));
        want_item(w, blame_count(term)->children[1], false);
        where(w, blame_count(term), named);
        break;
    case SHAPE_CALL:
        if (named) {
            out_json_escaped(w->out, term->constant.string);
            out_char(w->out, ' ');
        }
        out_text(w->out, negated ? STR("false") : STR("true"));
        break;
    case SHAPE_BLOCK:
        if (term->op == TERM_NOT)
            want(w, term->children[0], !negated, named);
        else if (term->op == TERM_AND || term->op == TERM_OR)
            want_each(w, term, negated);
        break;
    }
}

void blame_wanted(const struct condition *condition, int decimals, const struct str *attr_names,
                  struct out *out)
{
    const struct wanting wanting = { decimals, attr_names, out };
    want(&wanting, condition->term, false, false);
}
