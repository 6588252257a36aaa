/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/lowering_parts.h"

static bool is_told(const struct lowering *lowering, struct doc_place place, enum diag_code code)
{
    for (uint32_t i = 0; i < lowering->diags->count; i++) {
        const struct diag *diag = &lowering->diags->list[i];
        if (diag->code == code && diag->file == lowering->file && diag->place.line == place.line &&
            diag->place.column == place.column)
            return true;
    }
    return false;
}

void lowering_fault_args(struct lowering *lowering, struct doc_place place, enum diag_code code,
                         const struct str args[DIAG_ARGS])
{
    if (lowering->diags->arena && !is_told(lowering, place, code))
        diag_add_args(lowering->diags, lowering->file, place, code, args);
}

void lowering_fault(struct lowering *lowering, struct doc_place place, enum diag_code code,
                    struct str arg0, struct str arg1, struct str arg2)
{
    const struct str args[DIAG_ARGS] = { arg0, arg1, arg2 };
    lowering_fault_args(lowering, place, code, args);
}

struct str lowering_join(struct lowering *lowering, const char *const *words)
{
    return diag_words(lowering->diags, words);
}

void lowering_guess(struct lowering *lowering, struct doc_place place, enum diag_code code,
                    struct str wrong, const char *const *words)
{
    uint32_t before = lowering->diags->count;
    lowering_fault(lowering, place, code, wrong, lowering_join(lowering, words), nothing());

    struct str guess = diag_closest(wrong, words);
    if (lowering->diags->count > before && guess.at)
        lowering->diags->list[before].guess = arena_copy(lowering->diags->arena, guess);
}

const struct term *lowering_not_yet(struct lowering *lowering, const struct doc_node *member,
                                    const char *const *words)
{
    lowering_fault(lowering, member->key_place,
                   lowering->idle ? DIAG_COND_NOT_YET_DRAFT : DIAG_COND_NOT_YET, member->key,
                   lowering_join(lowering, words), nothing());
    return lowering->idle ? lowering_const(lowering, member, value_unknown()) : NULL;
}

const struct term *lowering_too_big(struct lowering *lowering, const struct doc_node *at)
{
    lowering_fault(lowering, at->place, DIAG_COND_TOO_BIG, nothing(), nothing(), nothing());
    return NULL;
}

/* Counts one node more; NULL with a diag when it was not to be had. */
static const struct term *counted(struct lowering *lowering, const struct doc_node *at,
                                  const struct term *term)
{
    if (term && ++lowering->nodes <= LOWERING_MAX_NODES)
        return term;
    return lowering_too_big(lowering, at);
}

const struct term *lowering_slot(struct lowering *lowering, const struct doc_node *at,
                                 uint32_t slot)
{
    return counted(lowering, at, term_slot(lowering->arena, slot));
}

const struct term *lowering_const(struct lowering *lowering, const struct doc_node *at,
                                  struct value value)
{
    return counted(lowering, at, term_const(lowering->arena, value));
}

const struct term *lowering_call(struct lowering *lowering, const struct doc_node *at,
                                 const struct facts_expr *expr, struct str text)
{
    return counted(lowering, at, term_call(lowering->arena, expr, text));
}

const struct term *lowering_node(struct lowering *lowering, const struct doc_node *at,
                                 enum term_op op, const struct term *const *children, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!children[i])
            return NULL;
    return counted(lowering, at, term_node(lowering->arena, op, children, n));
}

const struct term *lowering_1(struct lowering *lowering, const struct doc_node *at, enum term_op op,
                              const struct term *a)
{
    return lowering_node(lowering, at, op, &a, 1);
}

const struct term *lowering_2(struct lowering *lowering, const struct doc_node *at, enum term_op op,
                              const struct term *a, const struct term *b)
{
    return lowering_node(lowering, at, op, (const struct term *const[]){ a, b }, 2);
}

void block_add(struct lowering *lowering, struct block *block, const struct doc_node *member,
               const struct term *term)
{
    if (!term) {
        block->failed = true;
    } else if (block->n == BLOCK_MAX) {
        lowering_too_big(lowering, member);
        block->failed = true;
    } else {
        block->terms[block->n] = term;
        block->members[block->n] = member;
        block->files[block->n++] = lowering->file;
    }
}

const struct term *block_all(struct lowering *lowering, const struct doc_node *at,
                             const struct block *block)
{
    if (block->failed)
        return NULL;
    if (block->n == 1)
        return block->terms[0];
    return lowering_node(lowering, at, TERM_AND, block->terms, block->n);
}

static bool is_kind(struct lowering *lowering, const struct doc_node *node, enum doc_kind kind,
                    enum diag_code code, const char *example)
{
    struct str name = node->key.at ? node->key : STR("-");

    if (node->kind == kind && node->first)
        return true;
    lowering_fault(lowering, node->place, node->kind == kind ? DIAG_COND_EMPTY : code, name,
                   str_of(example), nothing());
    return false;
}

bool lowering_is_mapping(struct lowering *lowering, const struct doc_node *node,
                         const char *example)
{
    return is_kind(lowering, node, DOC_MAPPING, DIAG_COND_MAPPING, example);
}

bool lowering_is_list(struct lowering *lowering, const struct doc_node *node, const char *example)
{
    return is_kind(lowering, node, DOC_SEQUENCE, DIAG_COND_LIST, example);
}
