/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the items of a list had to say: of each item what decides, and of many rules the same, so what
 * has been written once is copied from there.
 */
#include "rules/blame_parts.h"

enum { SHOWN_ITEMS = BLAME_ITEMS, SHOWN_SLOTS = 6 };

/* The slots that @term reads, each once, at most SHOWN_SLOTS. */
static uint32_t collect_slots(const struct term *term, uint32_t *slots, uint32_t n)
{
    if (term->op == TERM_CONST)
        return n;
    if (term->op == TERM_SLOT && term->slot != FACT_NOW && term->slot != FACT_ITEM_SKU) {
        for (uint32_t i = 0; i < n; i++)
            if (slots[i] == term->slot)
                return n;
        if (n < SHOWN_SLOTS)
            slots[n++] = term->slot;
    }
    for (uint32_t i = 0; i < term->n_children; i++)
        n = collect_slots(term->children[i], slots, n);
    return n;
}

/* The current item: "CAM-A7 (category camera, unit_price 198000)". */
static void write_item(struct blame *blame, const uint32_t *slots, uint32_t n_slots)
{
    struct facts *facts = blame->facts;
    out_json_escaped(blame->out, facts->item_sku);
    for (uint32_t i = 0; i < n_slots; i++) {
        out_text(blame->out, i ? STR(", ") : STR(" ("));
        blame_name(facts->attr_names, slots[i], blame->out);
        out_char(blame->out, ' ');
        blame_value(facts, blame->decimals, slots[i], facts->scope.load(&facts->scope, slots[i]),
                    blame->out);
    }
    if (n_slots > 0)
        out_char(blame->out, ')');
}

/* Most often one slot decides, and of many rules the same: what was written of it is copied. */
static bool copy_item(struct blame *blame, uint32_t list, uint32_t index, uint32_t slot)
{
    struct out *out = blame->out;
    uint32_t place = (slot * 5 + index * 3 + list) % BLAME_KEPT;
    if (!(blame->is_kept >> place & 1) || blame->kept[place].slot != slot ||
        blame->kept[place].list != list || blame->kept[place].index != index)
        return false;
    size_t len = blame->kept[place].len;
    if (out_reserve(out, len))
        out_bytes(out, out->at + blame->kept[place].at, len);
    return true;
}

/* The current item, which is number @index of @list. */
static void write_item_once(struct blame *blame, uint32_t list, uint32_t index, uint32_t slot)
{
    uint32_t place = (slot * 5 + index * 3 + list) % BLAME_KEPT;
    size_t at = blame->out->len;
    write_item(blame, &slot, 1);
    if (blame->out->failed)
        return;
    blame->kept[place].slot = slot;
    blame->kept[place].list = list;
    blame->kept[place].index = index;
    blame->kept[place].at = at;
    blame->kept[place].len = blame->out->len - at;
    blame->is_kept |= 1u << place;
}

/* The part of @predicate that made the current item @truth: all of it, or its first part that is. */
static const struct term *decisive(struct blame *blame, const struct term *predicate,
                                   enum truth truth)
{
    if (predicate->op != TERM_AND || truth == TRUTH_YES)
        return predicate;
    for (uint32_t i = 0; i < predicate->n_children; i++)
        if (term_test(predicate->children[i], &blame->facts->scope) == truth)
            return predicate->children[i];
    return predicate;
}

uint32_t blame_only_slot(const struct term *term)
{
    bool plain = term->n_children > 0 && term->children[0]->op == TERM_SLOT &&
                 (term->n_children == 1 || term->children[1]->op == TERM_CONST);
    return plain && term->children[0]->slot != FACT_ITEM_SKU ? term->children[0]->slot : FACTS;
}

static void see_item(struct blame *blame, uint32_t list, uint32_t index,
                     const struct term *predicate, enum truth truth)
{
    uint32_t slots[SHOWN_SLOTS];
    const struct term *part = decisive(blame, predicate, truth);
    uint32_t slot = blame_only_slot(part);
    if (slot == FACTS)
        write_item(blame, slots, collect_slots(part, slots, 0));
    else if (!copy_item(blame, list, index, slot))
        write_item_once(blame, list, index, slot);
}

uint32_t blame_list_length(const struct facts *facts, uint32_t list)
{
    if (list == LIST_CART)
        return facts->cart->n_lines;
    if (list == LIST_TRIGGER)
        return 1;
    uint32_t n = facts->person->n_owned;
    return n < PROFILE_MAX_OWNED ? n : PROFILE_MAX_OWNED;
}

/* *ret_first: the same of the first 64, as bits. */
static uint32_t count_matching(struct blame *blame, const struct term *walk, uint32_t list,
                               uint32_t n, uint64_t *ret_first)
{
    struct term_scope *scope = &blame->facts->scope;
    uint32_t matching = 0;
    int64_t weight;
    for (uint32_t i = 0; i < n && scope->element(scope, list, i, &weight); i++) {
        if (term_test(walk->children[1], scope) != TRUTH_YES)
            continue;
        matching++;
        *ret_first |= i < 64 ? UINT64_C(1) << i : 0;
    }
    return matching;
}

/* @n: up to 99. */
static inline char *put_two_digits(char *to, uint32_t n)
{
    if (n > 9)
        *to++ = (char) ('0' + n / 10);
    *to++ = (char) ('0' + n % 10);
    return to;
}

void blame_count_print(struct out *out, uint32_t matching, uint32_t n)
{
    enum { SHORT_BYTES = sizeof "99 of 99" };
    if (matching > 99 || n > 99 || !out_reserve(out, SHORT_BYTES)) {
        out_int(out, matching);
        out_text(out, STR(" of "));
        out_int(out, n);
        return;
    }
    char *end = put_two_digits(out->at + out->len, matching);
    memcpy(end, " of ", 4);
    end = put_two_digits(end + 4, n);
    out->len = (size_t) (end - out->at);
}

void blame_items(struct blame *blame, const struct term *walk, enum truth truth, bool all)
{
    struct term_scope *scope = &blame->facts->scope;
    struct out *out = blame->out;
    struct value list = scope->load(scope, walk->children[0]->slot);
    uint32_t shown = 0, matching = 0;
    uint64_t first = 0;
    int64_t weight;

    if (list.kind != VALUE_LIST) {
        out_text(out, STR("unknown"));
        return;
    }
    bool none = truth == TRUTH_NO && !all; /* of the items is true or unknown */
    uint32_t n = blame_list_length(blame->facts, list.list);
    if (truth == TRUTH_YES || all)
        matching = count_matching(blame, walk, list.list, n, &first);
    blame_count_print(out, matching, n);
    for (uint32_t i = 0; i < n; i++) {
        bool counted = i < 64 && first >> i & 1;
        if (i < 64 && !counted && truth == TRUTH_YES && !all)
            continue;
        if (!scope->element(scope, list.list, i, &weight))
            break;
        enum truth of_item = none      ? TRUTH_NO
                             : counted ? TRUTH_YES
                                       : term_test(walk->children[1], scope);
        if (of_item != truth && !all)
            continue;
        if (shown == SHOWN_ITEMS) {
            out_text(out, STR(", …"));
            return;
        }
        out_bytes(out, shown++ ? ", " : ": ", 2);
        see_item(blame, list.list, i, walk->children[1], of_item);
    }
}

void blame_counted(struct blame *blame, const struct term *count)
{
    blame_value(blame->facts, 0, FACT_CART_QUANTITY, term_eval(count, &blame->facts->scope),
                blame->out);
    out_text(blame->out, STR("; "));
    blame_items(blame, count, TRUTH_NO, true);
}

void blame_item(struct blame *blame, uint32_t list, uint32_t index, uint32_t slot)
{
    struct term_scope *scope = &blame->facts->scope;
    int64_t weight;
    if (!copy_item(blame, list, index, slot) && scope->element(scope, list, index, &weight))
        write_item_once(blame, list, index, slot);
}

/* ── what is seen on the way ─────────────────────────────────────────────────────────────────── */

const struct term *blame_first_false(const struct term *predicate, struct term_scope *scope,
                                     enum truth *ret_truth)
{
    const bool is_and = predicate->op == TERM_AND;
    const struct term *const *parts = is_and ? predicate->children : &predicate;
    uint32_t n = is_and ? predicate->n_children : 1;
    *ret_truth = TRUTH_YES;
    for (uint32_t i = 0; i < n; i++) {
        enum truth truth = term_test(parts[i], scope);
        if (truth == TRUTH_NO)
            return parts[i];
        if (truth == TRUTH_UNKNOWN)
            *ret_truth = truth;
    }
    return NULL;
}

/* As term_test of a TERM_EXISTS. */
static enum truth test_exists(const struct term *walk, struct term_scope *scope,
                              struct blame_hint *hint)
{
    struct value list = scope->load(scope, walk->children[0]->slot);
    enum truth all = TRUTH_NO, one;
    bool plain = true;
    uint32_t n = 0;
    int64_t weight;

    if (list.kind != VALUE_LIST)
        return TRUTH_UNKNOWN;
    for (; scope->element(scope, list.list, n, &weight); n++) {
        const struct term *wrong = blame_first_false(walk->children[1], scope, &one);
        if (!wrong && one == TRUTH_YES)
            return one;
        if (!wrong)
            all = one;
        else if (n < BLAME_ITEMS)
            plain &= (hint->slots[n] = blame_only_slot(wrong)) != FACTS;
    }
    hint->ready = plain && all == TRUTH_NO;
    hint->unknown = false;
    hint->column = NULL;
    hint->list = list.list;
    hint->n_items = n;
    return all;
}

enum truth blame_test(struct blame *blame, const struct term *term, struct blame_hint *ret_hint)
{
    struct term_scope *scope = &blame->facts->scope;
    return term->op == TERM_EXISTS ? test_exists(term, scope, ret_hint) : term_test(term, scope);
}
