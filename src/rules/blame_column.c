/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fact of all items of a list, looked at once a request. Most rules ask first for an item of a
 * category, or the like, and the cart has none: the column says so without walking the list again for
 * each rule, and what the receipt shows of it is then the same for all of them.
 */
#include "base/text_mark.h"
#include "rules/blame_parts.h"
#include "rules/plain_items.h"

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
        question.marks |= UINT64_C(1) << text_mark(part->children[i]->constant.string);
    question.whole = part == walk->children[1] ? part : NULL;
    question.fact.list_slot = walk->children[0]->slot;
    question.fact.slot = slot;
    question.place = (slot * 3 + question.fact.list_slot) % BLAME_COLUMNS;
    return question;
}

/* ── items ───────────────────────────────────────────────────────────────────────────────────── */

static inline void add_unknown(struct blame_column *column, uint32_t index)
{
    if (column->n_unknown < BLAME_ITEMS)
        column->unknown[column->n_unknown] = index;
    column->n_unknown++;
}

static void add_text(struct blame_column *column, uint32_t mark, struct str sku, struct str text)
{
    column->text_marks[column->n_texts] = (uint8_t) mark;
    column->skus[column->n_texts] = sku;
    column->texts[column->n_texts++] = text;
}

/* Where an item has something else there, the marks are those of all questions. */
static void fill_by_asking(struct blame *blame, struct blame_column *column)
{
    struct term_scope *scope = &blame->facts->scope;
    int64_t weight;
    for (uint32_t i = 0; i < column->n_items; i++) {
        (void) scope->element(scope, column->list, i, &weight);
        struct value value = scope->load(scope, column->fact.slot);
        if (value.kind == VALUE_UNKNOWN) {
            add_unknown(column, i);
        } else if (value.kind != VALUE_STRING) {
            column->marks = UINT64_MAX;
        } else {
            uint32_t mark = text_mark(value.string);
            column->marks |= UINT64_C(1) << mark;
            if (i < BLAME_MARKED)
                column->item_marks[i] = (uint8_t) mark;
            if (column->n_texts < BLAME_ITEMS)
                add_text(column, mark, blame->facts->item_sku, value.string);
        }
    }
}

/* The marks are ready with the products … */
static void fill_marks(struct blame_column *column, struct plain_items items)
{
    const uint32_t n = column->n_items;
    uint64_t marks = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t mark = plain_mark(items, i);
        if (i < BLAME_MARKED)
            column->item_marks[i] = (uint8_t) mark;
        if (mark == TEXT_MARKS)
            add_unknown(column, i);
        else
            marks |= UINT64_C(1) << mark;
    }
    column->marks = marks;
}

/* … so that the texts themselves are looked at only of the first items. */
static void fill_texts(struct blame_column *column, struct plain_items items)
{
    for (uint32_t i = 0; i < column->n_items && column->n_texts < BLAME_ITEMS; i++) {
        uint32_t mark = plain_mark(items, i);
        if (mark != TEXT_MARKS)
            add_text(column, mark, plain_sku(items, i), plain_text(items, i));
    }
}

static __attribute__((noinline)) void fill(struct blame *blame, struct blame_column *column)
{
    struct term_scope *scope = &blame->facts->scope;
    struct value list = scope->load(scope, column->fact.list_slot);
    column->is_known = list.kind == VALUE_LIST;
    if (!column->is_known)
        return;
    column->list = list.list;
    column->n_items = blame_list_length(blame->facts, list.list);
    struct plain_items items = plain_items_of(blame->facts, column->list, column->fact.slot);
    column->is_plain = items.text != PRODUCT_TEXTS;
    if (column->is_plain) {
        fill_marks(column, items);
        fill_texts(column, items);
    } else {
        memset(column->item_marks, TEXT_MARKS, sizeof column->item_marks);
        fill_by_asking(blame, column);
    }
}

/* ── questions ───────────────────────────────────────────────────────────────────────────────── */

/* As str_eq: most words have 8 to 16 bytes, of which both ends say it. */
static inline bool same_word(struct str a, struct str b)
{
    if (a.len != b.len || a.len < 8 || a.len > 16)
        return str_eq(a, b);
    uint64_t ends[4];
    memcpy(&ends[0], a.at, 8);
    memcpy(&ends[1], b.at, 8);
    memcpy(&ends[2], a.at + a.len - 8, 8);
    memcpy(&ends[3], b.at + a.len - 8, 8);
    return ends[0] == ends[1] && ends[2] == ends[3];
}

static inline bool is_one_of(const struct term *part, struct str text)
{
    const struct term *const *children = part->children;
    const uint32_t n = part->n_children;
    for (uint32_t i = 1; i < n; i++)
        if (same_word(text, children[i]->constant.string))
            return true;
    return false;
}

/* Is one of the texts that are kept what @question asks for? */
static bool has_text(const struct blame_column *column, const struct blame_question *question)
{
    const uint32_t n = column->n_texts;
    const uint64_t marks = question->marks;
    for (uint32_t i = 0; i < n; i++)
        if (marks >> column->text_marks[i] & 1 && is_one_of(question->whole, column->texts[i]))
            return true;
    return false;
}

/*
 * How many items are what @question asks for, which is one text and no more, of a list that plain_items
 * has; the numbers of the first are in @ret_first.
 */
static uint32_t count_having(const struct blame_column *column, struct plain_items items,
                             const struct blame_question *question,
                             uint32_t ret_first[static BLAME_ITEMS])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < column->n_items; i++) {
        uint32_t mark = i < BLAME_MARKED ? column->item_marks[i] : plain_mark(items, i);
        if (mark == TEXT_MARKS || !(question->marks >> mark & 1) ||
            !is_one_of(question->whole, plain_text(items, i)))
            continue;
        if (n < BLAME_ITEMS)
            ret_first[n] = i;
        n++;
    }
    return n;
}

/* Does some_have look at all that there are? */
static bool has_all_texts(const struct blame_column *column)
{
    return column->is_plain || column->n_texts + column->n_unknown == column->n_items;
}

/* False: not, or it is not known. The hint has them when the condition wants none of a plain list. */
static bool some_have(struct blame *blame, const struct blame_column *column,
                      const struct blame_question *question, struct blame_hint *ret_hint)
{
    const bool plain = column->is_plain;
    if ((!plain || !question->lacks) && has_text(column, question))
        return true;
    if (!plain)
        return false;
    struct plain_items items = plain_items_of(blame->facts, column->list, column->fact.slot);
    ret_hint->n_items = count_having(column, items, question, ret_hint->slots);
    ret_hint->having = ret_hint->n_items > 0 && question->lacks ? column : NULL;
    return ret_hint->n_items > 0;
}

/* NULL: its place is another's. */
static struct blame_column *column_of(struct blame *blame, const struct blame_question *question)
{
    struct blame_column *column = &blame->columns[question->place];
    if (!(blame->is_column >> question->place & 1)) {
        memset(column, 0, offsetof(struct blame_column, texts));
        column->fact = question->fact;
        fill(blame, column);
        column->doubt = column->is_known && column->n_unknown == 0 ? column->marks : UINT64_MAX;
        blame->is_column |= 1u << question->place;
    }
    return blame_is_of(column, question) ? column : NULL;
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
        ret_hint->slots[i] = column->fact.slot;
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

/*
 * As term_test of @walk, whose first part some item may answer: only those items are asked that have such a text,
 * or none, since the part is false of all others. The hint is that of blame_test.
 */
static enum truth ask_some(const struct blame *blame, const struct blame_column *column,
                           const struct blame_question *question, const struct term *walk,
                           struct blame_hint *ret_hint)
{
    struct term_scope *scope = &blame->facts->scope;
    enum truth all = TRUTH_NO, one;
    bool plain = true;
    int64_t weight;
    for (uint32_t i = 0; i < BLAME_ITEMS; i++)
        ret_hint->slots[i] = column->fact.slot;
    for (uint32_t i = 0; i < column->n_items; i++) {
        uint32_t mark = i < BLAME_MARKED ? column->item_marks[i] : TEXT_MARKS;
        if (mark != TEXT_MARKS && !(question->marks >> mark & 1))
            continue;
        (void) scope->element(scope, column->list, i, &weight);
        const struct term *wrong = blame_first_false(walk->children[1], scope, &one);
        if (!wrong && one == TRUTH_YES)
            return one;
        if (!wrong)
            all = one;
        else if (i < BLAME_ITEMS)
            plain &= (ret_hint->slots[i] = blame_only_slot(wrong)) != FACTS;
    }
    ret_hint->ready = plain && all == TRUTH_NO && !question->lacks;
    ret_hint->list = column->list;
    ret_hint->n_items = column->n_items;
    return all;
}

static enum truth denied_if(bool lacks, enum truth truth)
{
    if (!lacks || truth == TRUTH_UNKNOWN)
        return truth;
    return truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}

/* When no text of the column is what is asked for: what that makes of @walk. False: the hint cannot say why. */
static bool answer_by_none(struct blame *blame, struct blame_column *column,
                           const struct blame_question *question, const struct term *walk,
                           enum truth *ret_truth, struct blame_hint *ret_hint)
{
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
    *ret_truth = denied_if(question->lacks, truth);
    return true;
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
    const struct term *walk = question->lacks ? condition->term->children[0] : condition->term;
    if (!(column->marks & question->marks))
        return answer_by_none(blame, column, question, walk, ret_truth, ret_hint);
    if (!question->whole) {
        *ret_truth = denied_if(question->lacks, ask_some(blame, column, question, walk, ret_hint));
        return true;
    }
    if (!some_have(blame, column, question, ret_hint))
        return has_all_texts(column) &&
               answer_by_none(blame, column, question, walk, ret_truth, ret_hint);
    *ret_truth = denied_if(question->lacks, TRUTH_YES);
    return true;
}
