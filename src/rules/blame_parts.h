/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rules/blame.h"

/*
 * What seeing and wanting share: how values and names are written, and what a term asks about.
 * The kinds of a term that are shown as one: everything else is a block of them.
 */
enum term_shape {
    SHAPE_BLOCK, /* AND, OR, NOT of others */
    SHAPE_VALUE, /* comparisons of one fact */
    SHAPE_ITEMS, /* is there an item that … */
    SHAPE_COUNT, /* comparisons of how many items … */
    SHAPE_CALL,  /* what was written as CEL */
};
enum term_shape blame_shape(const struct term *term);

/* SHAPE_VALUE: the one thing it asks about, a slot or the difference of two. */
const struct term *blame_subject(const struct term *term);
uint32_t blame_slot(const struct term *subject); /* of the fact that it is about */

/* SHAPE_COUNT: the count that is compared. */
const struct term *blame_count(const struct term *term);

/* @slot: whose unit it has. @facts is asked for the words of a list; NULL for a constant. */
void blame_value(const struct facts *facts, int decimals, uint32_t slot, struct value value,
                 struct out *out);

/* The name of a slot as rule files write it: "cart.total"; of an item's without "item.". */
void blame_name(const struct str *attr_names, uint32_t slot, struct out *out);

/* ── items: blame_items.c ────────────────────────────────────────────────────────────────────── */

/* "0 of 2: CAM-A7 (category camera), SD-64 (category memory-card)": those that are @truth, or all. */
void blame_items(struct blame *blame, const struct term *walk, enum truth truth, bool all);

/* "2; 1 of 3: …": the count, and every item. */
void blame_counted(struct blame *blame, const struct term *count);

/* "0 of 2" */
void blame_count_print(struct out *out, uint32_t matching, uint32_t n);

/* Number @index of @list with one slot: "CAM-A7 (category camera)". */
void blame_item(struct blame *blame, uint32_t list, uint32_t index, uint32_t slot);

/* Is @column what @question asks of? */
static inline bool blame_is_of(const struct blame_column *column,
                               const struct blame_question *question)
{
    return memcmp(&column->fact, &question->fact, sizeof column->fact) == 0;
}

/* As term_test; *ret_hint is ready when @term asks for an item and none is one. */
enum truth blame_test(struct blame *blame, const struct term *term, struct blame_hint *ret_hint);

/* The same as far as a column tells, else false, and blame_test is to be asked: blame_column.c. */
bool blame_answer(struct blame *blame, const struct condition *condition,
                  const struct blame_question *question, enum truth *ret_truth,
                  struct blame_hint *ret_hint);

/* ── what a column shows: blame_column_seen.c ────────────────────────────────────────────────── */

/* "0 of 2: CAM-A7 (category camera), SD-64 (category memory-card)"; @unknown: those it does not know. */
void blame_column(struct blame *blame, struct blame_column *column, bool unknown);

/* "2 of 21: CAM-A7 (category camera), …": the items that are what @hint's question asks for. */
void blame_having(struct blame *blame, const struct blame_hint *hint);

/* The first part of @predicate that is false of the current item; NULL: *ret_truth is it. */
const struct term *blame_first_false(const struct term *predicate, struct term_scope *scope,
                                     enum truth *ret_truth);

/* The slot of a plain comparison with a constant, as most parts are; else FACTS. */
uint32_t blame_only_slot(const struct term *term);

uint32_t blame_list_length(const struct facts *facts, uint32_t list);
