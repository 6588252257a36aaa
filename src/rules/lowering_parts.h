/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rules/facts.h"
#include "rules/facts_cel.h"
#include "rules/lowering.h"
#include "rules/term.h"

/*
 * What the files of lowering share: faults with a place and a guess, nodes within a bound, and
 * the doors from conditions to item blocks to matchers. A NULL expression means that a diag
 * has been added.
 */
enum { IN_WHEN = 1, IN_AUDIENCE = 2, ANYWHERE = IN_WHEN | IN_AUDIENCE };

enum { LOWERING_MAX_NODES = 2000, LOWERING_MAX_USE_DEPTH = 8, BLOCK_MAX = 64 };

/* What a matcher asks about: a fact, or an expression that yields a number. */
struct subject {
    struct str word; /* as written, for messages */
    enum fact_type type;
    uint32_t slot;
    const struct term *term; /* in place of the slot; else NULL */
};

/* One thing of a block after another; side by side is AND. */
struct block {
    const struct term *terms[BLOCK_MAX];
    const struct doc_node *members[BLOCK_MAX];
    const struct doc_file *files[BLOCK_MAX];
    uint32_t n;
    bool failed;
};

void lowering_fault(struct lowering *lowering, struct doc_place place, enum diag_code code,
                    struct str arg0, struct str arg1, struct str arg2);

/* The same with all arguments that there may be. */
void lowering_fault_args(struct lowering *lowering, struct doc_place place, enum diag_code code,
                         const struct str args[DIAG_ARGS]);

/*
 * @wrong is none of @words (NULL-terminated): {0} is it, {1}
 * all words, and a guess if one is close.
 */
void lowering_guess(struct lowering *lowering, struct doc_place place, enum diag_code code,
                    struct str wrong, const char *const *words);

/* "a, b, c" in the arena of the diags. */
struct str lowering_join(struct lowering *lowering, const char *const *words);

/*
 * @member is a word of a later version; {1} are those that may be asked. NULL; for an idle rule
 * only a warning, and what nobody can know.
 */
const struct term *lowering_not_yet(struct lowering *lowering, const struct doc_node *member,
                                    const char *const *words);

/* Adds the diag; NULL. */
const struct term *lowering_too_big(struct lowering *lowering, const struct doc_node *at);

/*
 * Nodes; NULL (and a diag, unless a child is NULL already)
 * when the condition grows too big or deep.
 */
const struct term *lowering_slot(struct lowering *lowering, const struct doc_node *at,
                                 uint32_t slot);
const struct term *lowering_const(struct lowering *lowering, const struct doc_node *at,
                                  struct value value);
const struct term *lowering_call(struct lowering *lowering, const struct doc_node *at,
                                 const struct facts_expr *expr, struct str text);
const struct term *lowering_node(struct lowering *lowering, const struct doc_node *at,
                                 enum term_op op, const struct term *const *children, uint32_t n);
const struct term *lowering_1(struct lowering *lowering, const struct doc_node *at, enum term_op op,
                              const struct term *a);
const struct term *lowering_2(struct lowering *lowering, const struct doc_node *at, enum term_op op,
                              const struct term *a, const struct term *b);

/* Appends to the block; @term NULL marks it failed. */
void block_add(struct lowering *lowering, struct block *block, const struct doc_node *member,
               const struct term *term);

/* All of the block: AND, or its one part. NULL when it failed. */
const struct term *block_all(struct lowering *lowering, const struct doc_node *at,
                             const struct block *block);

/*
 * False after a diag unless @node is a mapping (list) with
 * something in it. @example: how it is written.
 */
bool lowering_is_mapping(struct lowering *lowering, const struct doc_node *node,
                         const char *example);
bool lowering_is_list(struct lowering *lowering, const struct doc_node *node, const char *example);

/* False after a diag when @node is no scalar, or one without a value (nothing, ~, null). */
bool lowering_is_scalar(struct lowering *lowering, const struct doc_node *node);

/* true and false; nothing else, and not in quotes. */
bool lower_bool(struct lowering *lowering, const struct doc_node *node, bool *ret_value);

/*
 * The members of @mapping, appended to @block. False after a
 * diag. @where: IN_… the words come from.
 */
bool lower_block(struct lowering *lowering, const struct doc_node *mapping, int where,
                 struct block *block);

/* One member of such a mapping, by its word; `use` is lower_block's own. */
const struct term *lower_member(struct lowering *lowering, const struct doc_node *member,
                                int where);

/* A scalar as text, as a number, or as whatever the type of @subject takes. */
bool lower_text(struct lowering *lowering, const struct doc_node *node, struct value *ret_value);
bool lower_any_number(struct lowering *lowering, const struct doc_node *node,
                      struct value *ret_value);
bool lower_value(struct lowering *lowering, const struct subject *subject,
                 const struct doc_node *node, struct value *ret_value);

/* Whether a scalar without quotes reads as a number. No diag. */
bool looks_like_number(const struct doc_node *node);

/* The matcher @node of @subject. */
const struct term *lower_matcher(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *node);

/* An item block. @candidate: of a product that is in no cart and was not bought. */
const struct term *lower_item_block(struct lowering *lowering, const struct doc_node *mapping,
                                    bool candidate);

/* The name of an attribute asked for, by its number. */
struct str lowering_attr_name(const void *lowering, uint32_t n);

static inline struct str nothing(void)
{
    return (struct str){ 0 };
}
