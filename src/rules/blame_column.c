/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fact of all items of a list, looked at once a request. Most rules ask first for an item of a
 * category, or the like, and the cart has none: the column says so without walking the list again for
 * each rule, and what the receipt shows of it is then the same for all of them.
 */
#include "rules/blame_parts.h"
#include "shop/catalog.h"

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

/* ── an item's text ──────────────────────────────────────────────────────────────────────────── */

/* Number @index of a list that has so many; NULL: the catalogue does not know it. */
static inline const struct product *product_at(struct facts *facts, uint32_t list, uint32_t index,
                                               struct str *ret_sku)
{
    uint32_t number;
    if (list == LIST_OWNED) {
        *ret_sku = facts->person->owned[index].sku;
        number = facts_owned_products(facts)[index];
    } else {
        *ret_sku = facts->cart->lines[index].sku;
        number = facts->cart->lines[index].product;
    }
    return facts->catalog && number != PRODUCT_NONE ? catalog_product(facts->catalog, number)
                                                    : NULL;
}

/* May product_at and a text of the product itself be had without making each item the current one? */
static bool is_plain(uint32_t list, uint32_t slot)
{
    return (list == LIST_OWNED || list == LIST_CART) &&
           (slot == FACT_ITEM_CATEGORY || slot == FACT_ITEM_SUBCATEGORY ||
            slot == FACT_ITEM_BRAND || slot == FACT_ITEM_MODEL);
}

static inline struct value plain_text(const struct product *product, uint32_t slot)
{
    if (!product)
        return value_unknown();
    return value_string(slot == FACT_ITEM_CATEGORY      ? product->category
                        : slot == FACT_ITEM_SUBCATEGORY ? product->subcategory
                        : slot == FACT_ITEM_BRAND       ? product->brand
                                                        : product->model);
}

/* What number @index has at the column's slot. */
static inline struct value text_at(struct blame *blame, const struct blame_column *column,
                                   uint32_t index, bool plain, struct str *ret_sku)
{
    struct term_scope *scope = &blame->facts->scope;
    int64_t weight;
    if (plain)
        return plain_text(product_at(blame->facts, column->list, index, ret_sku), column->slot);
    if (!scope->element(scope, column->list, index, &weight))
        return value_unknown();
    *ret_sku = blame->facts->item_sku;
    return scope->load(scope, column->slot);
}

/* Where an item has something else there, the marks are those of all questions. */
static void fill(struct blame *blame, struct blame_column *column)
{
    struct term_scope *scope = &blame->facts->scope;
    struct value list = scope->load(scope, column->list_slot);
    column->is_known = list.kind == VALUE_LIST;
    if (!column->is_known)
        return;
    column->list = list.list;
    column->n_items = blame_list_length(blame->facts, list.list);
    bool plain = is_plain(list.list, column->slot);
    for (uint32_t i = 0; i < column->n_items; i++) {
        struct str sku;
        struct value value = text_at(blame, column, i, plain, &sku);
        uint64_t mark = 0;
        if (value.kind == VALUE_UNKNOWN) {
            if (column->n_unknown < BLAME_ITEMS)
                column->unknown[column->n_unknown] = i;
            column->n_unknown++;
        } else {
            mark = value.kind == VALUE_STRING ? mark_of(value.string) : UINT64_MAX;
        }
        if (i < BLAME_MARKED)
            column->item_marks[i] = mark;
        column->marks |= mark;
        if (value.kind != VALUE_STRING || column->n_texts == BLAME_ITEMS)
            continue;
        column->skus[column->n_texts] = sku;
        column->texts[column->n_texts++] = value.string;
    }
}

static bool is_one_of(const struct term *part, struct value value)
{
    for (uint32_t i = 1; i < part->n_children && value.kind == VALUE_STRING; i++)
        if (str_eq(value.string, part->children[i]->constant.string))
            return true;
    return false;
}

/*
 * The first item from number @from on that is what @question asks for, which is one text and no more;
 * n_items: none.
 */
static uint32_t next_having(struct blame *blame, const struct blame_column *column,
                            const struct blame_question *question, uint32_t from,
                            struct str *ret_sku, struct str *ret_text)
{
    bool plain = is_plain(column->list, column->slot);
    for (uint32_t i = from; i < column->n_items; i++) {
        if (i < BLAME_MARKED && !(column->item_marks[i] & question->marks))
            continue;
        struct value value = text_at(blame, column, i, plain, ret_sku);
        *ret_text = value.string;
        if (is_one_of(question->whole, value))
            return i;
    }
    return column->n_items;
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
        struct str sku, text;
        *ret_truth = question->lacks ? TRUTH_NO : TRUTH_YES;
        if (!question->whole ||
            next_having(blame, column, question, 0, &sku, &text) == column->n_items)
            return false;
        ret_hint->having = column;
        ret_hint->question = question;
        return true;
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

void blame_having(struct blame *blame, const struct blame_hint *hint)
{
    const struct blame_column *column = hint->having;
    struct out *out = blame->out;
    struct str skus[BLAME_ITEMS], texts[BLAME_ITEMS], sku, text;
    uint32_t n = 0;
    for (uint32_t i = 0;; i++) {
        i = next_having(blame, column, hint->question, i, &sku, &text);
        if (i == column->n_items)
            break;
        if (n < BLAME_ITEMS) {
            skus[n] = sku;
            texts[n] = text;
        }
        n++;
    }
    blame_count_print(out, n, column->n_items);
    for (uint32_t i = 0; i < n && i < BLAME_ITEMS; i++) {
        out_bytes(out, i ? ", " : ": ", 2);
        out_json_escaped(out, skus[i]);
        out_bytes(out, " (", 2);
        blame_name(blame->facts->attr_names, column->slot, out);
        out_char(out, ' ');
        out_json_escaped(out, texts[i]);
        out_char(out, ')');
    }
    if (n > BLAME_ITEMS)
        out_text(out, STR(", …"));
}
