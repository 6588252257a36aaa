/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fact of all items of a list, looked at once a request. Most rules ask first for an item of a
 * category, or the like, and the cart has none: the column says so without walking the list again for
 * each rule, and what the receipt shows of it is then the same for all of them.
 */
#include "rules/blame_parts.h"

/* One of 64, by a few bytes and the length: two texts of one mark may differ, of two marks they do. */
static uint64_t mark_of(struct str text)
{
    if (text.len == 0)
        return 1;
    const unsigned char *at = (const unsigned char *) text.at;
    uint32_t mixed = at[0] | (uint32_t) at[text.len / 2] << 8 | (uint32_t) at[text.len - 1] << 16 |
                     (uint32_t) text.len << 24;
    return UINT64_C(1) << (mixed * UINT32_C(0x9e3779b1) >> 26);
}

struct blame_question blame_ask(const struct condition *condition)
{
    const struct term *term = condition->term;
    struct blame_question question = { .lacks = term->op == TERM_NOT };
    const struct term *walk = question.lacks ? term->children[0] : term;
    if (walk->op != TERM_EXISTS)
        return question;
    const struct term *part = walk->children[1];
    if (part->op == TERM_AND && part->n_children > 0)
        part = part->children[0];
    uint32_t slot = blame_only_slot(part);
    if ((part->op != TERM_EQ && part->op != TERM_IN) || slot == FACTS)
        return question;
    for (uint32_t i = 1; i < part->n_children; i++)
        if (part->children[i]->constant.kind != VALUE_STRING)
            return question;
    for (uint32_t i = 1; i < part->n_children; i++)
        question.marks |= mark_of(part->children[i]->constant.string);
    question.whole = part == walk->children[1] ? part : NULL;
    question.list_slot = walk->children[0]->slot;
    question.slot = slot;
    question.place = (slot * 3 + question.list_slot) % BLAME_COLUMNS;
    return question;
}

/* Where an item has something else there, the marks are those of all questions. */
static void fill(struct blame *blame, struct blame_column *column)
{
    struct term_scope *scope = &blame->facts->scope;
    struct value list = scope->load(scope, column->list_slot);
    int64_t weight;
    column->is_known = list.kind == VALUE_LIST;
    if (!column->is_known)
        return;
    column->list = list.list;
    for (; scope->element(scope, list.list, column->n_items, &weight); column->n_items++) {
        struct value value = scope->load(scope, column->slot);
        if (value.kind == VALUE_UNKNOWN) {
            if (column->n_unknown < BLAME_ITEMS)
                column->unknown[column->n_unknown] = column->n_items;
            column->n_unknown++;
            continue;
        }
        column->marks |= value.kind == VALUE_STRING ? mark_of(value.string) : UINT64_MAX;
        if (value.kind != VALUE_STRING || column->n_texts == BLAME_ITEMS)
            continue;
        column->skus[column->n_texts] = blame->facts->item_sku;
        column->texts[column->n_texts++] = value.string;
    }
}

/* Is one of the texts that are kept what @part asks for? */
static bool has_text(const struct blame_column *column, const struct term *part)
{
    for (uint32_t i = 1; i < part->n_children; i++)
        for (uint32_t k = 0; k < column->n_texts; k++)
            if (str_eq(column->texts[k], part->children[i]->constant.string))
                return true;
    return false;
}

/* NULL: its place is another's. */
static struct blame_column *column_of(struct blame *blame, const struct blame_question *question)
{
    struct blame_column *column = &blame->columns[question->place];
    if (!(blame->is_column >> question->place & 1)) {
        memset(column, 0, offsetof(struct blame_column, texts));
        column->list_slot = question->list_slot;
        column->slot = question->slot;
        fill(blame, column);
        blame->is_column |= 1u << question->place;
    }
    bool is_it = column->list_slot == question->list_slot && column->slot == question->slot;
    return is_it ? column : NULL;
}

/*
 * What @walk's predicate is of the items that the column does not know; of all others it is false.
 * True when they agree, so that the hint can say why; TRUTH_NO: it has the slots of these items too.
 */
static bool ask_unknown(const struct blame *blame, const struct blame_column *column,
                        const struct term *walk, enum truth *ret_truth, struct blame_hint *ret_hint)
{
    struct term_scope *scope = &blame->facts->scope;
    bool first = true, plain = column->n_unknown <= BLAME_ITEMS;
    int64_t weight;
    for (uint32_t i = 0; i < BLAME_ITEMS; i++)
        ret_hint->slots[i] = column->slot;
    for (uint32_t i = 0; i < column->n_unknown && plain; i++, first = false) {
        uint32_t item = column->unknown[i];
        enum truth truth;
        (void) scope->element(scope, column->list, item, &weight);
        const struct term *wrong = blame_first_false(walk->children[1], scope, &truth);
        truth = wrong ? TRUTH_NO : truth;
        plain = first || truth == *ret_truth;
        *ret_truth = truth;
        if (wrong && item < BLAME_ITEMS)
            plain &= (ret_hint->slots[item] = blame_only_slot(wrong)) != FACTS;
    }
    return plain;
}

bool blame_answer(struct blame *blame, const struct condition *condition,
                  const struct blame_question *question, enum truth *ret_truth,
                  struct blame_hint *ret_hint)
{
    struct blame_column *column = question->marks ? column_of(blame, question) : NULL;
    if (!column)
        return false;
    if (!column->is_known) {
        ret_hint->column = column;
        ret_hint->unknown = true;
        *ret_truth = TRUTH_UNKNOWN;
        return true;
    }
    if (column->marks & question->marks) {
        *ret_truth = question->lacks ? TRUTH_NO : TRUTH_YES;
        return question->whole && has_text(column, question->whole);
    }
    const struct term *walk = question->lacks ? condition->term->children[0] : condition->term;
    enum truth truth = column->n_unknown > 0 ? TRUTH_UNKNOWN : TRUTH_NO;
    if (column->n_unknown > 0 && !question->whole &&
        !ask_unknown(blame, column, walk, &truth, ret_hint))
        return false;
    bool all_alike =
        truth == TRUTH_UNKNOWN || column->n_unknown == 0 || column->unknown[0] >= BLAME_ITEMS;
    ret_hint->ready = !all_alike;
    ret_hint->unknown = truth == TRUTH_UNKNOWN;
    ret_hint->column = all_alike ? column : NULL;
    ret_hint->list = column->list;
    ret_hint->n_items = column->n_items;
    *ret_truth = truth == TRUTH_UNKNOWN ? truth : question->lacks ? TRUTH_YES : TRUTH_NO;
    return true;
}
