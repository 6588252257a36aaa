/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: conditions
 *
 * Member by member, each by its word (lowering_words.c). `use` puts the named conditions' members
 * in its place, so that a failed condition always names the line it was written on.
 */
#include "rules/lowering.h"

#include "rules/lowering_parts.h"

struct lowering_use {
    struct str name;
    const struct lowering_use *outer;
};

/* ── use ── */

static bool in_circle(struct lowering *lowering, const struct doc_node *name)
{
    const struct lowering_use *use = lowering->uses;
    while (use && !str_eq(use->name, name->text))
        use = use->outer;
    if (!use && lowering->use_depth < LOWERING_MAX_USE_DEPTH)
        return false;
    lowering_fault(lowering, name->place, DIAG_USE_CIRCLE, name->text, nothing(), nothing());
    return true;
}

/* The members of the named condition, in the place of its name. */
static bool lower_named(struct lowering *lowering, const struct doc_node *name, struct block *block)
{
    static const char *const none[] = { NULL };
    const struct doc_file *file = lowering->file;

    if (!lowering_is_scalar(lowering, name) || in_circle(lowering, name))
        return false;
    const struct doc_node *node =
        lowering->named ? lowering->named(lowering->self, name->text, &file) : NULL;
    if (!node) {
        lowering_guess(lowering, name->place, DIAG_USE_UNKNOWN, name->text,
                       lowering->named_words ? lowering->named_words : none);
        return false;
    }
    const struct doc_file *outer_file = lowering->file;
    const struct lowering_use use = { name->text, lowering->uses };
    lowering->file = file;
    lowering->uses = &use;
    lowering->use_depth++;
    bool fine = lower_block(lowering, node, ANYWHERE, block);
    lowering->use_depth--;
    lowering->uses = use.outer;
    lowering->file = outer_file;
    return fine;
}

static bool is_repeated(struct lowering *lowering, const struct doc_node *list,
                        const struct doc_node *name)
{
    for (const struct doc_node *before = list->first; before != name; before = before->next)
        if (before->kind == DOC_SCALAR && name->kind == DOC_SCALAR &&
            str_eq(before->text, name->text)) {
            lowering_fault(lowering, name->place, DIAG_USE_TWICE, name->text, nothing(), nothing());
            return true;
        }
    return false;
}

static void lower_use(struct lowering *lowering, const struct doc_node *node, struct block *block)
{
    if (node->kind == DOC_SCALAR) {
        block->failed |= !lower_named(lowering, node, block);
        return;
    }
    if (!lowering_is_list(lowering, node, "[name]")) {
        block->failed = true;
        return;
    }
    for (const struct doc_node *name = node->first; name; name = name->next)
        block->failed |= is_repeated(lowering, node, name) || !lower_named(lowering, name, block);
}

/* ── blocks of conditions ── */

bool lower_block(struct lowering *lowering, const struct doc_node *mapping, int where,
                 struct block *block)
{
    if (!lowering_is_mapping(lowering, mapping, "cart.total: {at_least: 5000}"))
        return false;
    for (const struct doc_node *member = mapping->first; member; member = member->next)
        if (str_is(member->key, "use"))
            lower_use(lowering, member, block);
        else
            block_add(lowering, block, member, lower_member(lowering, member, where));
    return !block->failed;
}

/* Does it cost much more to ask than to look at the cart? */
static bool is_dear(const struct term *term)
{
    if (term->op == TERM_CALL || (term->op == TERM_SLOT && term->slot == FACT_OWNED_ITEMS))
        return true;
    for (uint32_t i = 0; i < term->n_children; i++)
        if (is_dear(term->children[i]))
            return true;
    return false;
}

static bool fill_condition(struct lowering *lowering, const struct block *block, uint32_t i,
                           struct condition *condition)
{
    struct fact_names names = fact_names(lowering_attr_name, lowering);
    struct out text;

    *condition = (struct condition){
        .term = block->terms[i],
        .program = block->terms[i]->op == TERM_CALL
                       ? ((const struct facts_expr *) block->terms[i]->callee)->program
                       : NULL,
        .key = arena_copy(lowering->arena, block->members[i]->key),
        .file = block->files[i] == lowering->file && lowering->file_name.at
                    ? lowering->file_name
                    : arena_copy(lowering->arena, block->files[i]->name),
        .line = block->members[i]->key_place.line,
        .is_dear = is_dear(block->terms[i]),
    };
    out_init(&text, NULL, 256);
    term_print(block->terms[i], &names.names, &text);
    condition->text = arena_copy(lowering->arena, out_str(&text));
    bool printed = !text.failed;
    out_deinit(&text);
    return printed && condition->text.at && condition->key.at && condition->file.at;
}

int lower_conditions(struct lowering *lowering, const struct doc_node *mapping, bool audience,
                     struct condition *list, int room)
{
    struct block block = { .n = 0 };

    lowering->nodes = 0;
    if (!lower_block(lowering, mapping, audience ? IN_AUDIENCE : IN_WHEN, &block))
        return -1;
    bool fits = block.n <= (uint32_t) (room > 0 ? room : 0);
    for (uint32_t i = 0; i < block.n && fits; i++)
        fits = fill_condition(lowering, &block, i, &list[i]);
    if (!fits) {
        lowering_too_big(lowering, mapping);
        return -1;
    }
    return (int) block.n;
}
