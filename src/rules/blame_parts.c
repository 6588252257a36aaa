/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/blame_parts.h"

#include "shop/event.h"

/* ── shapes ──────────────────────────────────────────────────────────────────────────────────── */

static bool is_comparison(enum term_op op)
{
    return (op >= TERM_EQ && op <= TERM_GE) || op == TERM_IN || op == TERM_STARTS_WITH ||
           op == TERM_CONTAINS || op == TERM_HAS_WORD || op == TERM_HAS;
}

static bool is_block(enum term_op op)
{
    return op == TERM_AND || op == TERM_OR || op == TERM_NOT;
}

uint32_t blame_slot(const struct term *subject)
{
    return subject->op == TERM_SUB ? subject->children[1]->slot : subject->slot;
}

/* NULL when it asks about several things, or about a list. @so_far: what its other parts asked about. */
static const struct term *subject_of(const struct term *term, const struct term *so_far)
{
    if (is_block(term->op)) {
        for (uint32_t i = 0; i < term->n_children; i++)
            if (!(so_far = subject_of(term->children[i], so_far)))
                return NULL;
        return so_far;
    }
    const struct term *subject = is_comparison(term->op) ? term->children[0] : term;
    if (subject->op == TERM_SUB && subject->children[1]->op != TERM_SLOT)
        return NULL;
    if (subject->op != TERM_SLOT && subject->op != TERM_SUB)
        return NULL;
    bool same = !so_far || (so_far->op == subject->op && blame_slot(so_far) == blame_slot(subject));
    return same ? subject : NULL;
}

const struct term *blame_subject(const struct term *term)
{
    return subject_of(term, NULL);
}

static bool same_value(struct value a, struct value b)
{
    return a.kind == b.kind && value_compare(TERM_EQ, a, b).boolean;
}

static bool same_term(const struct term *a, const struct term *b)
{
    if (a == b)
        return true;
    if (a->op != b->op || a->n_children != b->n_children || a->slot != b->slot)
        return false;
    if (a->op == TERM_CONST)
        return same_value(a->constant, b->constant);
    for (uint32_t i = 0; i < a->n_children; i++)
        if (!same_term(a->children[i], b->children[i]))
            return false;
    return true;
}

/* Each side of a range compares a count of its own, of the same items. */
static const struct term *count_of(const struct term *term, const struct term *so_far)
{
    if (term->op == TERM_AND) {
        for (uint32_t i = 0; i < term->n_children; i++)
            if (!(so_far = count_of(term->children[i], so_far)))
                return NULL;
        return so_far;
    }
    if (!is_comparison(term->op) || term->children[0]->op != TERM_COUNT)
        return NULL;
    return !so_far || same_term(so_far, term->children[0]) ? term->children[0] : NULL;
}

const struct term *blame_count(const struct term *term)
{
    return count_of(term, NULL);
}

enum term_shape blame_shape(const struct term *term)
{
    if (term->op == TERM_EXISTS)
        return SHAPE_ITEMS;
    if (term->op == TERM_CALL)
        return SHAPE_CALL;
    if (term->op == TERM_NOT && term->children[0]->op == TERM_EXISTS)
        return SHAPE_BLOCK;
    if (blame_subject(term))
        return SHAPE_VALUE;
    return blame_count(term) ? SHAPE_COUNT : SHAPE_BLOCK;
}

/* ── values ──────────────────────────────────────────────────────────────────────────────────── */

/* @amount / 10^@decimals: "198000", "19.99". */
static void show_decimal(int64_t amount, int decimals, struct out *out)
{
    char digits[24];
    uint64_t rest = amount < 0 ? -(uint64_t) amount : (uint64_t) amount, unit = 1;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    if (amount < 0)
        out_char(out, '-');
    out_int(out, (int64_t) (rest / unit));
    if (decimals <= 0)
        return;
    rest %= unit;
    for (int i = decimals; i-- > 0; rest /= 10)
        digits[i] = (char) ('0' + rest % 10);
    out_char(out, '.');
    out_bytes(out, digits, (size_t) decimals);
}

static void show_duration(int64_t us, struct out *out)
{
    static const struct {
        int64_t us;
        char letter;
    } units[] = { { 86400000000, 'd' }, { 3600000000, 'h' }, { 60000000, 'm' }, { 1000000, 's' } };
    int shown = 0;

    for (size_t i = 0; i < sizeof units / sizeof *units && shown < 2; i++) {
        if (us / units[i].us == 0 && !(shown == 0 && units[i].letter == 's'))
            continue;
        if (shown)
            out_char(out, ' ');
        out_int(out, us / units[i].us);
        out_char(out, units[i].letter);
        us %= units[i].us;
        shown++;
    }
}

/* A whole number without the detour over a format: attributes mostly are. */
static void show_real(double real, struct out *out)
{
    if (real > -1e15 && real < 1e15 && real == (double) (int64_t) real)
        out_int(out, (int64_t) real);
    else
        out_printf(out, "%.10g", real);
}

static void show_word(struct str word, size_t begin, struct out *out)
{
    if (out->len > begin)
        out_text(out, STR(", "));
    out_json_escaped(out, word);
}

static void show_words(const struct facts *facts, uint32_t list, struct out *out)
{
    static const char *const consents[] = { "personalization", "marketing", "profiling" };
    size_t begin = out->len;

    if (list == LIST_CONSENT) {
        for (size_t i = 0; i < sizeof consents / sizeof *consents; i++)
            if (facts->person->consent & consent_of(str_of(consents[i])))
                show_word(str_of(consents[i]), begin, out);
    } else if (list == LIST_TAGS && facts->item) {
        for (uint32_t i = 0; i < facts->item->n_tags; i++)
            show_word(facts->item->tags[i], begin, out);
    }
    if (out->len == begin)
        out_text(out, STR("none"));
}

void blame_value(const struct facts *facts, int decimals, uint32_t slot, struct value value,
                 struct out *out)
{
    switch (value.kind) {
    case VALUE_STRING: out_json_escaped(out, value.string); break;
    case VALUE_TIMESTAMP: out_instant(out, value.integer, false); break;
    case VALUE_DURATION: show_duration(value.integer, out); break;
    case VALUE_DOUBLE: show_real(value.real, out); break;
    case VALUE_BOOL: out_text(out, value.boolean ? STR("true") : STR("false")); break;
    case VALUE_INT:
        if (fact_type(slot) == TYPE_MONEY)
            show_decimal(value.integer, decimals, out);
        else if (fact_type(slot) == TYPE_PERCENT)
            out_printf(out, "%.10g%%", (double) value.integer / 100);
        else
            out_int(out, value.integer);
        break;
    case VALUE_LIST:
        if (facts)
            show_words(facts, value.list, out);
        break;
    default: out_text(out, STR("unknown")); break;
    }
}

static void attr_name(struct str name, struct out *out)
{
    bool plain = name.len > 0;
    for (size_t i = 0; i < name.len && plain; i++) {
        char c = name.at[i];
        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                (i > 0 && c >= '0' && c <= '9');
    }
    out_text(out, plain ? STR("attr.") : STR("attr[\\\""));
    out_json_escaped(out, name);
    if (!plain)
        out_text(out, STR("\\\"]"));
}

void blame_name(const struct str *attr_names, uint32_t slot, struct out *out)
{
    if (slot >= FACT_ATTR_TEXT_FIRST)
        attr_name(attr_names[slot - FACT_ATTR_TEXT_FIRST], out);
    else if (slot >= FACT_ATTR_FIRST)
        attr_name(attr_names[slot - FACT_ATTR_FIRST], out);
    else if (slot >= FACT_ITEM_SKU && slot <= FACT_ITEM_BOUGHT_AT)
        out_text(out, str_of(fact_name(slot) + sizeof "item." - 1));
    else
        out_text(out, str_of(fact_name(slot)));
}
