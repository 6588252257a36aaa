/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: CEL
 *
 * The text of `expr` and `rank.score` is compiled, and what is wrong
 * with it is shown in the rule file itself, under the very word.
 */
#include "rules/lowering_parts.h"

enum { PART_BYTES = 24 };

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/*
 * What stands at @fault: enough of it to find it in the file,
 * where quotes and line breaks may differ.
 */
static struct str part_of(struct str text, const struct cel_fault *fault, size_t *ret_offset)
{
    size_t from = fault->offset < text.len ? fault->offset : text.len - 1;
    if (strchr(".'\"", text.at[from]) && from + 1 < text.len)
        from++; /* of cart.totl, the field; of a text, what is in it */
    while (from > 0 && (text.at[from] & 0xc0) == 0x80)
        from--;
    size_t most = fault->length ? fault->length : 1, len = 0;
    if (most > PART_BYTES)
        most = PART_BYTES;
    while (from + len < text.len && len < most && !strchr("\n\"\\'", text.at[from + len]))
        len++;
    while (from + len < text.len && len < PART_BYTES && is_word(text.at[from]) &&
           is_word(text.at[from + len]))
        len++;
    while (from + len < text.len && (text.at[from + len] & 0xc0) == 0x80)
        len++;
    *ret_offset = from;
    return (struct str){ text.at + from, len };
}

static void tell(struct lowering *lowering, const struct doc_node *node,
                 const struct cel_fault *fault)
{
    static const enum diag_code codes[2][2] = { { DIAG_EXPR, DIAG_EXPR_DRAFT },
                                                { DIAG_EXPR_HINT, DIAG_EXPR_HINT_DRAFT } };
    size_t offset;
    struct str part = part_of(node->text, fault, &offset);
    struct doc_place place = doc_place_in(lowering->file, node, offset, part);
    const struct str sentences[DIAG_ARGS] = { fault->what[CEL_JAPANESE], fault->hint[CEL_JAPANESE],
                                              fault->what[CEL_ENGLISH], fault->hint[CEL_ENGLISH] };
    bool hints = fault->hint_code != CEL_SAYS_NOTHING;
    lowering_fault_args(lowering, place, codes[hints][lowering->idle], sentences);
}

const struct facts_expr *lower_cel(struct lowering *lowering, const struct doc_node *node,
                                   const struct facts_cel *cel)
{
    struct cel_faults faults;

    if (!lowering_is_scalar(lowering, node))
        return NULL;
    cel_faults_init(&faults, lowering->arena, node->text);
    const struct facts_expr *expr = facts_cel_compile(cel, node->text, lowering->arena, &faults);
    if (expr)
        return expr;
    for (uint32_t i = 0; i < faults.count && i < CEL_FAULTS_MAX; i++)
        tell(lowering, node, &faults.list[i]);
    if (faults.count == 0)
        (void) lowering_too_big(lowering, node);
    return NULL;
}
